"""Group membership by difference: a PATCH, POST or PUT as a change that names ids, without loading the group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from scim2_models import (
    InvalidPathException,
    InvalidSyntaxException,
    InvalidValueException,
    MutabilityException,
    NoTargetException,
    PatchOp,
    Path,
    Resource,
)
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from app.rules.directories import MembershipChange
from scim.limits import MAX_OPERATIONS, is_storable
from scim.provider import GROUP_SCHEMA, PATCH_SCHEMA

_MAX_ID_LENGTH = 255


class Op(StrEnum):
    """The operations of a PATCH (RFC 7644 3.5.2)."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class GroupOperation:
    """One operation on a group; the library's own class parses every named id into a filter, which takes seconds."""

    op: Op
    path: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class GroupPatch:
    """What a PATCH does to a group: new values of its attributes (None unassigns), and the change of its members."""

    attributes: dict[str, str | None]
    members: MembershipChange

    def with_attribute(self, name: str, value: str | None) -> GroupPatch:
        """Followed by a write to one of the group's own attributes."""
        return replace(self, attributes={**self.attributes, name: value})

    def with_members(self, change: MembershipChange) -> GroupPatch:
        """With another membership change."""
        return replace(self, members=change)


def operations_of(body: Any) -> list[GroupOperation]:
    """The operations of a PATCH body. Raises the SCIM exception that names what is wrong with it."""
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="The body of a PATCH must be an object.")
    fields = {str(name).lower(): value for name, value in body.items()}
    schemas = fields.get("schemas", [PATCH_SCHEMA])
    if not isinstance(schemas, list) or PATCH_SCHEMA not in schemas:
        raise InvalidSyntaxException(detail=f"The schemas of a PATCH must contain {PATCH_SCHEMA}.")
    operations = fields.get("operations")
    if not isinstance(operations, list):
        raise InvalidValueException(detail="Operations must be a list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise InvalidValueException(detail=f"A PATCH holds at most {MAX_OPERATIONS:,} operations.")
    return [_operation(one) for one in operations]


def operations_of_message(patch: PatchOp[Any]) -> list[GroupOperation]:
    """The same from the library's message, as a bulk request brings it."""
    return [
        GroupOperation(op=Op(str(one.op)), path=None if one.path is None else str(one.path), value=one.value)
        for one in patch.operations or []
    ]


def _operation(body: Any) -> GroupOperation:
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="Each of the Operations must be an object.")
    fields = {str(name).lower(): value for name, value in body.items()}
    try:
        op = Op(str(fields.get("op", "")).lower())
    except ValueError as error:
        raise InvalidValueException(detail="op must be add, remove or replace.") from error
    path = fields.get("path")
    if path is not None and not isinstance(path, str):
        raise InvalidPathException(detail="path must be a string.")
    if op is Op.REMOVE and not path:
        raise NoTargetException(detail="A remove operation needs a path.")
    if (op is Op.ADD and fields.get("value") is None) or (op is Op.REPLACE and "value" not in fields):
        raise InvalidValueException(detail=f"A value is required for {op.value} operations.")
    return GroupOperation(op=op, path=path or None, value=fields.get("value"))


def read_patch(operations: Iterable[GroupOperation], *, group_id: str) -> GroupPatch:
    """The operations of a PATCH, in order, as one change.

    A group has three attributes that can be written (displayName, externalId, members), so every valid PATCH is one.
    Raises the SCIM exception of the first operation that cannot be applied; nothing has been written then.
    """
    change = GroupPatch(attributes={}, members=MembershipChange())
    for operation in operations:
        change = _apply(change, operation, group_id=group_id)
    return change


def read_members(resource: Resource[Any]) -> MembershipChange:
    """The members of a POST or PUT body.

    Absent (or null) is not empty: a body without members leaves them alone, so that a client that read the group
    without its members can write it back.
    """
    members = getattr(resource, "members", None)
    if members is None:
        return MembershipChange()
    return MembershipChange().then_replace(_id_of({"value": member.value}) for member in members)


def _apply(change: GroupPatch, operation: GroupOperation, *, group_id: str) -> GroupPatch:
    op = operation.op
    if operation.path is None:
        if not isinstance(operation.value, dict):
            raise InvalidValueException(detail="An operation without a path needs an object as its value.")
        for name, value in operation.value.items():
            change = _write(change, op, path=name, value=value, group_id=group_id)
        return change
    path = Path(operation.path)
    return _write(change, op, path=str(path), value=operation.value, group_id=group_id)


def _write(change: GroupPatch, op: Op, *, path: str, value: Any, group_id: str) -> GroupPatch:
    name = path.strip()
    if name.lower().startswith(f"{GROUP_SCHEMA.lower()}:"):
        name = name[len(GROUP_SCHEMA) + 1 :]
    match name.partition("[")[0].partition(".")[0].lower():
        case "members":
            return change.with_members(_change_members(change.members, op, path=name, value=value))
        case "displayname":
            return change.with_attribute("displayName", _written(op, "displayName", value))
        case "externalid":
            return change.with_attribute("externalId", _written(op, "externalId", value))
        case "id":
            # Okta renames with {id, displayName}: repeating the id is no change.
            if value != group_id:
                raise MutabilityException(attribute="id", detail="The id of a group cannot be changed.")
            return change
        case _:
            # Schemas, meta and attributes of other schemas: nothing of them is stored, as with a PUT.
            return change


def _written(op: Op, name: str, value: Any) -> str | None:
    """A simple attribute's new value."""
    if op is Op.REMOVE or value is None:
        if name == "displayName":
            raise MutabilityException(attribute=name, detail="A group needs a displayName; it cannot be removed.")
        return None
    if not isinstance(value, str):
        raise InvalidValueException(detail=f"{name} must be a string.")
    return value


def _change_members(change: MembershipChange, op: Op, *, path: str, value: Any) -> MembershipChange:
    selected = _selected_ids(path)
    if op is Op.REMOVE:
        if selected is not None:
            return change.then_remove(selected)
        # Entra without the aadOptscim062020 flag names whom to remove in the value; only no value means everyone.
        return change.then_replace(()) if value is None else change.then_remove(_ids(value))
    if selected is not None:
        raise MutabilityException(
            attribute="members", detail="A member cannot be edited. Remove it and add the new one instead."
        )
    if op is Op.ADD:
        return change.then_add(_ids(value))
    return change.then_replace(() if value is None else _ids(value))


def _ids(value: Any) -> list[str]:
    """Member ids from objects with a value, or from bare strings."""
    entries = value if isinstance(value, list) else [value]
    return [_id_of(entry) for entry in entries]


def _id_of(entry: Any) -> str:
    if isinstance(entry, dict):
        entry = {str(name).lower(): one for name, one in entry.items()}.get("value")
    if not isinstance(entry, str) or not entry or len(entry) > _MAX_ID_LENGTH or not is_storable(entry):
        raise InvalidValueException(detail="Each member needs a value: the id of a user, as Doorward answered it.")
    return entry


def _selected_ids(path: str) -> frozenset[str] | None:
    """The ids that `members[value eq "x"]` names; None for the attribute itself."""
    if "[" not in path:
        if path.lower() not in ("members", "members.value"):
            raise MutabilityException(attribute=path, detail=f"{path} cannot be changed.")
        return None
    node = Path(path).value_filter
    if node is None:
        raise InvalidPathException(path=path, detail=f"'{path}' selects no members.")
    return frozenset(_named(node, path))


def _named(node: FilterNode, path: str) -> Iterable[str]:
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        return [one for term in node.terms for one in _named(term, path)]
    if (
        isinstance(node, Comparison)
        and node.op == CompareOperator.eq
        and node.attr_path.attr.lower() == "value"
        and isinstance(node.value, str)
        and is_storable(node.value)
    ):
        return [node.value]
    raise InvalidPathException(path=path, detail='Select members by id: members[value eq "<id>"].')
