"""SCIM filter and sort -> SQL on the mirror's tables: conditions that are never NULL, equality driven by an index."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

from scim2_models import AttributeBinding, InvalidFilterException, Resource, ResourceType, ScimFilter, SearchRequest
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)
from scim2_server.utils import parametrize
from sqlalchemy import ColumnElement, String, and_, cast, false, literal, not_, or_, select, true

from app.rules.directories import ResourceKind
from app.store.mirror_tables import MEMBERSHIPS, TABLES, USERS, Selection
from scim import limits
from scim.attributes import Attribute, attributes_of, comparison_key, extension_prefix, index_path
from scim.mapping import kind_of
from scim.operators import check_operand, compare_constant, compare_moment, compare_text, constant
from scim.provider import model_of
from scim.values import Values, with_value

Condition = ColumnElement[bool]

#: Attribute -> the column it is promoted to, by kind.
_COLUMNS = {
    ResourceKind.USER: {"userName": "user_name_key"},
    ResourceKind.GROUP: {"displayName": "display_key"},
}
_SHARED_COLUMNS = {
    "id": "id",
    "externalId": "external_id",
    "meta.created": "created_at",
    "meta.lastModified": "modified_at",
}
#: The look-ups identity providers make before every write; what JSON would escape takes the long way.
_LOOK_UP = re.compile(r'\s*(userName|externalId|displayName)\s+eq\s+"([^"\\\x00-\x1f]*)"\s*', re.IGNORECASE)
_REFERENCES = ("groups", "members")


def selection(directory_id: str, resource_type: ResourceType, request: SearchRequest[Any]) -> Selection:
    """What a validated search holds of one resource type. Raises InvalidFilterException for what cannot be searched."""
    model = model_of(resource_type)
    condition = None
    if request.filter is not None:
        bound = parametrize(ScimFilter, model)(request.filter.ast)
        condition = _ToSql(directory_id, kind_of(resource_type), bound).visit(bound.ast)
    return Selection(
        kind=kind_of(resource_type), condition=condition, sort_key=_sort_key(kind_of(resource_type), model, request)
    )


def everything(resource_type: ResourceType) -> Selection:
    """Every resource of a type, in the order of the ids."""
    return Selection(kind=kind_of(resource_type))


def look_up(resource_type: ResourceType, text: str) -> Selection | None:
    """The same for `userName eq "x"` and its like, without the parser; None for any other filter."""
    match = _LOOK_UP.fullmatch(text)
    if match is None or len(text) > limits.MAX_FILTER_LENGTH:
        return None
    kind = kind_of(resource_type)
    attribute = attributes_of(model_of(resource_type)).get(match[1].lower())
    column = None if attribute is None else _column_name(kind, attribute.path)
    if attribute is None or column is None:
        return None
    key = comparison_key(attribute.binding, match[2])
    check_operand(key)
    return Selection(kind=kind, named=(column, key))


def _column_name(kind: ResourceKind, path: str) -> str | None:
    return _COLUMNS[kind].get(path) or _SHARED_COLUMNS.get(path)


def _column(kind: ResourceKind, path: str) -> ColumnElement[Any] | None:
    """The column an attribute is promoted to, if it is."""
    name = _column_name(kind, path)
    return None if name is None else TABLES[kind].c[name]


def _sort_key(kind: ResourceKind, model: type[Resource[Any]], request: SearchRequest[Any]) -> ColumnElement[Any] | None:
    binding = request.sort_binding(model)
    if binding is None:
        return None
    path = index_path(binding.urn)
    column = _column(kind, path)
    if column is not None:
        return column
    if kind is ResourceKind.GROUP or path.partition(".")[0] in (*_REFERENCES, "meta", "schemas"):
        raise InvalidFilterException(detail=f"Doorward does not sort by {path}.")
    values = Values()
    return values.where(values.path == path, values.lead == "1").scalar_subquery()


class _Visitor(FilterVisitor[Condition]):
    """What and, or and not mean everywhere."""

    def visit_not(self, node: Not) -> Condition:
        return not_(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        join = and_ if node.op == LogicalOperator.and_ else or_
        return join(*(self.visit(term) for term in node.terms))


class _ToSql(_Visitor):
    """A filter on one resource type as a condition on its table."""

    def __init__(self, directory_id: str, kind: ResourceKind, bound: ScimFilter[Any]) -> None:
        self.directory_id = directory_id
        self.kind = kind
        self.bound = bound
        self.model = model_of_filter(bound)
        self.attributes = attributes_of(self.model)

    def visit_comparison(self, node: Comparison) -> Condition:
        binding = self.bound.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            # At the root, an attribute of another type is one without a value (RFC 7644 3.4.2.1).
            return constant(node.op is (CompareOperator.eq if node.value is None else CompareOperator.ne))
        return self._compare(node, index_path(binding.urn), binding)

    def _compare(self, node: Comparison, path: str, binding: AttributeBinding) -> Condition:
        value = coerce_value(binding, node.value, node.op)
        if value is None and path.partition(".")[0] in ("meta", "schemas"):
            return constant(node.op is CompareOperator.ne)  # every resource has them
        promoted = self._compare_promoted(path, node.op, value, binding)
        if promoted is not None:
            return promoted
        if path.startswith(_REFERENCES):
            return _compare_entries(_MembershipEntries(self.kind), path, node)
        whole = self.attributes.get(path.lower())
        if whole is not None and whole.parts:
            return _compare_complex(whole, node.op, value)
        if binding.is_multivalued:
            entries = _ValueEntries(self.directory_id, self.attributes[path.rpartition(".")[0].lower()])
            return _compare_entries(entries, path, node)
        return _compare_value(self.directory_id, path, node.op, value, binding)

    def _compare_promoted(
        self, path: str, op: CompareOperator, value: Any, binding: AttributeBinding
    ) -> Condition | None:
        """A comparison that columns answer, or what every resource has; None for the rest."""
        column = _column(self.kind, path)
        if column is not None:
            return _compare_column(column, op, value, binding)
        if path == "schemas":
            return self._compare_schemas(op, value)
        return self._compare_meta(path, op, value) if path.startswith("meta.") else None

    def visit_present(self, node: Present) -> Condition:
        binding = self.bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return false()
        path = index_path(binding.urn)
        column = _column(self.kind, path)
        if column is not None:
            is_text = isinstance(column.type, String)
            return and_(column.is_not(None), column != "") if is_text else column.is_not(None)
        head, _, part = path.partition(".")
        if head in ("schemas", "meta"):
            return constant(part != "location")
        if head in _REFERENCES:
            return _MembershipEntries(self.kind).any()
        attribute = self.attributes.get(path.lower())
        paths = attribute.part_paths if attribute is not None and attribute.parts else [path]
        values = Values()
        return values.exist(values.path.in_(paths), values.key != "")

    def visit_value_path(self, node: ValuePath) -> Condition:
        binding = self.bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return false()
        path = index_path(binding.urn)
        if path in _REFERENCES:
            return _MembershipEntries(self.kind).where(node.val_filter)
        attribute = self.attributes.get(path.lower())
        if attribute is None or not attribute.parts:
            raise InvalidFilterException(detail=f"Doorward cannot select single values of {path}.")
        return _ValueEntries(self.directory_id, attribute).where(node.val_filter)

    def _compare_schemas(self, op: CompareOperator, value: Any) -> Condition:
        """Everyone has the schema of the type, and that of an extension who has a value of it."""
        if not isinstance(value, str):
            return false()
        wanted = CompareOperator.eq if op is CompareOperator.ne else op
        listed: list[Condition] = [true()] if compare_constant(str(self.model.__schema__), wanted, value) else []
        for urn in self.model.get_extension_models():
            if compare_constant(urn, wanted, value):
                prefix = extension_prefix(urn)
                values = Values()
                listed.append(values.exist(compare_text(values.path, CompareOperator.sw, prefix)))
        found = or_(false(), *listed)
        return not_(found) if op is CompareOperator.ne else found

    def _compare_meta(self, path: str, op: CompareOperator, value: Any) -> Condition:
        if path == "meta.location":
            raise InvalidFilterException(detail="Doorward does not filter by meta.location; filter by id instead.")
        if not isinstance(value, str):
            return constant(op is CompareOperator.ne)
        if path == "meta.resourceType":
            return constant(compare_constant(self.kind.value, op, value))
        version = literal('W/"') + cast(TABLES[self.kind].c.version, String) + literal('"')
        return compare_text(version, op, value)


def model_of_filter(bound: ScimFilter[Any]) -> type[Resource[Any]]:
    """The resource model a filter is bound to."""
    model = bound.model
    assert model is not None
    assert issubclass(model, Resource)
    return model


class _Entries(_Visitor):
    """The entries of a multi-valued attribute, and what a filter on one entry means in SQL."""

    @abstractmethod
    def any(self) -> Condition:
        """The resource has at least one entry."""

    @abstractmethod
    def where(self, node: FilterNode) -> Condition:
        """The resource has an entry that satisfies the filter."""

    def visit_value_path(self, node: ValuePath) -> Condition:
        raise InvalidFilterException(detail="A value selection cannot hold another one.")


class _ValueEntries(_Entries):
    """Entries of an attribute whose values are in the table of values, such as emails."""

    def __init__(self, directory_id: str, attribute: Attribute) -> None:
        self.directory_id = directory_id
        self.attribute = attribute
        self.row = Values()

    def any(self) -> Condition:
        return self.row.exist(self.row.path.in_(self.attribute.part_paths))

    def where(self, node: FilterNode) -> Condition:
        """Driven by an equality of a conjunction where there is one: its index finds few users, the rest is checked."""
        terms = list(node.terms) if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else [node]
        driver = next((term for term in self._by_selectivity(terms) if self._drives(term)), None)
        if not isinstance(driver, Comparison):
            return self.row.exist(self.row.path.in_(self.attribute.part_paths), self.visit(node))
        terms.remove(driver)
        part = self._part(driver.attr_path)
        assert part is not None
        key = _operand(part.binding, coerce_value(part.binding, driver.value, driver.op))
        conditions = [self.visit(term) for term in terms]
        here = self.row.exist(self.row.path == part.path, self.row.key == key, *conditions)
        return and_(with_value(self.directory_id, part.path, key), here)

    def visit_comparison(self, node: Comparison) -> Condition:
        part = self._part(node.attr_path)
        if part is None:
            return false()
        value = coerce_value(part.binding, node.value, node.op)
        other = Values()
        beside = and_(other.path == part.path, other.entry == self.row.entry)
        if value is None:
            return _against_null(node.op, other.exist(beside))
        if node.op is CompareOperator.ne:
            return not_(other.exist(beside, other.key == _operand(part.binding, value)))
        if not _is_comparable(node.op, value):
            return false()
        return other.exist(beside, compare_text(other.key, node.op, _operand(part.binding, value)))

    def visit_present(self, node: Present) -> Condition:
        part = self._part(node.attr_path)
        if part is None:
            return false()
        other = Values()
        return other.exist(other.path == part.path, other.entry == self.row.entry, other.key != "")

    def _part(self, path: AttrPath) -> Attribute | None:
        return None if path.sub_attr or path.uri else self.attribute.parts.get(path.attr.lower())

    def _drives(self, term: FilterNode) -> bool:
        if not isinstance(term, Comparison) or term.op is not CompareOperator.eq or term.value is None:
            return False
        return self._part(term.attr_path) is not None

    @staticmethod
    def _by_selectivity(terms: list[FilterNode]) -> list[FilterNode]:
        """`value` tells entries apart far better than `type` or `primary`."""

        def is_value(term: FilterNode) -> bool:
            return isinstance(term, Comparison) and term.attr_path.attr.lower() == "value"

        return sorted(terms, key=lambda term: not is_value(term))


class _MembershipEntries(_Entries):
    """Members of a group or groups of a user, which are rows and not values."""

    def __init__(self, kind: ResourceKind) -> None:
        self.row = MEMBERSHIPS.alias()
        is_user = kind is ResourceKind.USER
        self.owner_id = TABLES[kind].c.id
        self.owner = self.row.c.user_id if is_user else self.row.c.group_id
        self.other = self.row.c.group_id if is_user else self.row.c.user_id
        self.type = "direct" if is_user else "user"

    def any(self) -> Condition:
        return self.owner_id.in_(select(self.owner))

    def where(self, node: FilterNode) -> Condition:
        return self.owner_id.in_(select(self.owner).where(self.visit(node)))

    def visit_comparison(self, node: Comparison) -> Condition:
        name = node.attr_path.attr.lower()
        if not isinstance(node.value, str):
            return constant(node.op is CompareOperator.ne)
        if name == "value":
            return compare_text(self.other, node.op, node.value)
        if name == "type":
            return constant(compare_constant(self.type, node.op, node.value.lower()))
        raise InvalidFilterException(detail="Doorward filters members and groups by value and type only.")

    def visit_present(self, node: Present) -> Condition:
        return true()


def _compare_complex(attribute: Attribute, op: CompareOperator, value: Any) -> Condition:
    """A complex attribute as a whole, which equals nothing but null."""
    if value is None:
        values = Values()
        return _against_null(op, values.exist(values.path.in_(attribute.part_paths)))
    return constant(op is CompareOperator.ne)


def _compare_entries(entries: _Entries, path: str, node: Comparison) -> Condition:
    """One value per entry of a multi-valued attribute: any of them matches; for `ne`, none of them equals."""
    part, equals = AttrPath(path.rpartition(".")[2]), CompareOperator.eq
    if node.value is None:
        lacking = or_(not_(entries.any()), entries.where(Comparison(part, equals, None)))
        return _against_null(node.op, not_(lacking))
    if node.op is CompareOperator.ne:
        return not_(entries.where(Comparison(part, equals, node.value)))
    return entries.where(Comparison(part, node.op, node.value))


def _compare_column(
    column: ColumnElement[Any], op: CompareOperator, value: Any, binding: AttributeBinding
) -> Condition:
    if value is None:
        return _against_null(op, column.is_not(None))
    if not isinstance(column.type, String):
        return compare_moment(column, op, value)
    if not isinstance(value, str):
        return constant(op is CompareOperator.ne)
    condition = compare_text(column, op, comparison_key(binding, value))
    if op is CompareOperator.ne:
        return or_(column.is_(None), condition)
    return and_(column.is_not(None), condition)


def _compare_value(
    directory_id: str, path: str, op: CompareOperator, value: Any, binding: AttributeBinding
) -> Condition:
    """A single value: equality by index, anything else by a walk over the directory's own users."""
    values = Values()
    if value is None:
        return _against_null(op, values.exist(values.path == path))
    if not _is_comparable(op, value):
        return false()
    key = _operand(binding, value)
    if op in (CompareOperator.eq, CompareOperator.ne):
        equal: Condition = values.exist(values.path == path, values.key == key)
        first = USERS.c.active == value if path == "active" else with_value(directory_id, path, key)
        equal = and_(first, equal)
        return equal if op is CompareOperator.eq else not_(equal)
    return values.exist(values.path == path, compare_text(values.key, op, key))


def _operand(binding: AttributeBinding, value: Any) -> str:
    key = comparison_key(binding, value)
    check_operand(key)
    return key


def _is_comparable(op: CompareOperator, value: Any) -> bool:
    """A substring is looked for in text only."""
    return isinstance(value, str) or op not in (CompareOperator.co, CompareOperator.sw, CompareOperator.ew)


def _against_null(op: CompareOperator, present: Condition) -> Condition:
    """RFC 7643 2.5: null and absent are one state, which only eq and ne can see."""
    return {CompareOperator.eq: not_(present), CompareOperator.ne: present}.get(op, false())
