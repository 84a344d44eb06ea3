"""What identity providers send most, understood without building a model: users of text and booleans, and new values
of single attributes.

A body goes through here when everything in it is text, a boolean, or an object or list of these, where the schema says
so; anything else, valid or not, goes through the library, whose judgement it is. What both can read, both read alike:
tests/scim/fire compares all answers with one model, and tests/scim/test_plain.py the two with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from scim2_models import Attribute, Mutability

from scim.provider import ENTERPRISE_SCHEMA, PATCH_SCHEMA, USER_SCHEMA, model_of, provider

Document = dict[str, Any]

_OPERATIONS = ("add", "replace")
_BOOLEANS = {"true": True, "false": False}
#: Longer ones gain nothing here.
_MOST_OPERATIONS = 50
_MOST_ENTRIES = 20


class NotPlainError(Exception):
    """There is something in the body that the library has to judge."""


@dataclass(frozen=True, slots=True)
class Node:
    """One attribute as the schema describes it; `parts` by lower-case name, in the order in which they are written."""

    name: str
    type: Attribute.Type
    multi_valued: bool = False
    writable: bool = True
    parts: Mapping[str, Node] = field(default_factory=dict)


@cache
def user() -> Node:
    """Everything a user may hold, the enterprise extension as an attribute whose name is its URN."""
    described = {str(schema.id): schema.attributes or () for schema in provider().schemas}
    nodes = {str(one.name): _node(one) for one in described[USER_SCHEMA]}
    nodes["externalId"] = Node("externalId", Attribute.Type.string)
    parts = {node.name.lower(): node for node in map(_node, described[ENTERPRISE_SCHEMA])}
    nodes[ENTERPRISE_SCHEMA] = Node(ENTERPRISE_SCHEMA, Attribute.Type.complex, parts=parts)
    resource_type = next(one for one in provider().resource_types if one.name == "User")
    order = [str(one.serialization_alias or name) for name, one in model_of(resource_type).model_fields.items()]
    ordered = {name.lower(): nodes[name] for name in order if name in nodes}
    return Node("User", Attribute.Type.complex, parts=ordered)


def _node(attribute: Attribute) -> Node:
    parts = [_node(one) for one in attribute.sub_attributes or ()]
    return Node(
        name=str(attribute.name),
        type=attribute.type or Attribute.Type.string,
        multi_valued=bool(attribute.multi_valued),
        writable=attribute.mutability is Mutability.read_write,
        parts={part.name.lower(): part for part in parts},
    )


def plain_user(body: Any) -> Document | None:
    """The document of a POST or PUT body, without id; None where the library has to judge."""
    if not isinstance(body, dict) or not _are_schemas(body.get("schemas")):
        return None
    try:
        document = _object(body, user())
    except NotPlainError:
        return None
    extended = [ENTERPRISE_SCHEMA] if ENTERPRISE_SCHEMA in document else []
    return {"schemas": [USER_SCHEMA, *extended], **document}


def _are_schemas(schemas: Any) -> bool:
    return isinstance(schemas, list) and schemas in ([USER_SCHEMA], [USER_SCHEMA, ENTERPRISE_SCHEMA])


#: What is not for clients to say, where it is sent as most of them send it.
_NOT_TAKEN: Mapping[str, Callable[[Any], bool]] = {
    "schemas": lambda value: isinstance(value, list),
    "id": lambda value: isinstance(value, str),
    "meta": lambda value: value == {"resourceType": "User"},
    "groups": lambda value: value == [],
}


def _object(value: Any, node: Node) -> Document:
    """An object with the names and the order of the schema, without what is empty or not for clients to write."""
    if not isinstance(value, dict):
        raise NotPlainError
    if len({name.lower() for name in value}) < len(value):
        raise NotPlainError
    found: Document = {}
    for name, one in value.items():
        lowered = name.lower()
        if node is user() and lowered in _NOT_TAKEN:
            if not _NOT_TAKEN[lowered](one):
                raise NotPlainError
            continue
        part = node.parts.get(lowered)
        if part is None or not part.writable:
            raise NotPlainError  # unknown, spelled with its schema, or not for clients to write
        if one is None or (one == [] and part.multi_valued):
            continue
        read = _value(one, part)
        if read != {}:
            found[part.name] = read
    return {part.name: found[part.name] for part in node.parts.values() if part.name in found}


def _value(value: Any, node: Node) -> Any:
    if node.multi_valued:
        return _entries(value, node)
    if node.type is Attribute.Type.complex:
        return _object(value, node)
    return _simple(value, node)


def _entries(value: Any, node: Node) -> list[Document]:
    if node.type is not Attribute.Type.complex or not isinstance(value, list) or len(value) > _MOST_ENTRIES:
        raise NotPlainError
    entries = [_object(one, node) for one in value]
    if not all(entries) or sum(one.get("primary") is True for one in entries) > 1:
        raise NotPlainError
    return entries


def _simple(value: Any, node: Node) -> str | bool:
    """A text or a boolean, which some clients write as text."""
    if node.type is Attribute.Type.string:
        if isinstance(value, str) and value:
            return value
    elif node.type is Attribute.Type.boolean:
        if isinstance(value, str):
            value = _BOOLEANS.get(value.lower())
        if isinstance(value, bool):
            return value
    raise NotPlainError


@dataclass(frozen=True, slots=True)
class PlainPatch:
    """New values of attributes that hold one text or boolean, in the order in which they were sent."""

    values: tuple[tuple[tuple[Node, ...], str | bool], ...]

    def apply(self, document: Mapping[str, Any]) -> Document:
        """The document with these values, its names in their order."""
        written: Document = dict(document)
        for (*parents, node), value in self.values:
            if not parents:
                written[node.name] = value
                continue
            parent = parents[0]
            below = {**written.get(parent.name, {}), node.name: value}
            written[parent.name] = {one.name: below[one.name] for one in parent.parts.values() if one.name in below}
        if ENTERPRISE_SCHEMA in written and ENTERPRISE_SCHEMA not in written["schemas"]:
            written["schemas"] = [*written["schemas"], ENTERPRISE_SCHEMA]
        return in_order(written)


def in_order(document: Mapping[str, Any]) -> Document:
    """A user's document with its names in the order of the model: what is equal must be equal as text."""
    first = {name: document[name] for name in ("schemas", "id") if name in document}
    return first | {one.name: document[one.name] for one in user().parts.values() if one.name in document}


def plain_patch(body: Any) -> PlainPatch | None:
    """A PATCH body as new values of simple attributes; None where the library has to judge."""
    if not isinstance(body, dict) or body.keys() != {"schemas", "Operations"} or body["schemas"] != [PATCH_SCHEMA]:
        return None
    operations = body["Operations"]
    if not isinstance(operations, list) or not 0 < len(operations) <= _MOST_OPERATIONS:
        return None
    try:
        return PlainPatch(tuple(one for operation in operations for one in _written(operation)))
    except NotPlainError:
        return None


def _written(operation: Any) -> Iterable[tuple[tuple[Node, ...], str | bool]]:
    if not isinstance(operation, dict) or not operation.keys() <= {"op", "path", "value"}:
        raise NotPlainError
    op, path, value = operation.get("op"), operation.get("path"), operation.get("value")
    if not isinstance(op, str) or op.lower() not in _OPERATIONS:
        raise NotPlainError
    pairs: Iterable[tuple[Any, Any]] = value.items() if path is None and isinstance(value, dict) else ((path, value),)
    for name, one in pairs:
        place = _places().get(name.lower()) if isinstance(name, str) else None
        if place is None:
            raise NotPlainError
        yield place, _simple(one, place[-1])


@cache
def _places() -> Mapping[str, tuple[Node, ...]]:
    """Path in lower case -> the way to a simple attribute, with its schema and without."""
    places: dict[str, tuple[Node, ...]] = {}
    for node in user().parts.values():
        below = [(node, part) for part in node.parts.values() if not node.multi_valued]
        for way in [(node,), *below]:
            last = way[-1]
            if last.multi_valued or last.parts or not all(one.writable for one in way):
                continue
            if node.name == ENTERPRISE_SCHEMA:
                places[f"{ENTERPRISE_SCHEMA}:{last.name}".lower()] = way
            else:
                path = ".".join(one.name for one in way).lower()
                places |= {path: way, f"{USER_SCHEMA}:{path}".lower(): way}
    return places
