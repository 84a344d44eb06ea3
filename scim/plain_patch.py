"""The PATCH that identity providers send most, carried out on the stored document: simple attributes get new values.

Switching somebody off, a new title, another department: text or boolean attributes that hold one value. Building the
model of a user for that, patching and taking it apart again costs ten times as much. Every other PATCH goes that way,
through the library; what both can do, both do alike (tests/scim/fire compares them with one model).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from scim2_models import Attribute, Mutability

from scim.provider import ENTERPRISE_SCHEMA, USER_SCHEMA, model_of, provider

Document = dict[str, Any]

_PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_OPERATIONS = ("add", "replace")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a simple attribute stands in a document, and what it holds."""

    names: tuple[str, ...]
    is_boolean: bool


@dataclass(frozen=True, slots=True)
class PlainPatch:
    """New values of simple attributes, in the order in which they were sent."""

    values: tuple[tuple[Place, str | bool], ...]

    def apply(self, document: Mapping[str, Any]) -> Document:
        """The document with these values, its names in the order in which a model would write them."""
        written: Document = dict(document)
        for place, value in self.values:
            *parents, name = place.names
            if not parents:
                written[name] = value
                continue
            parent = parents[0]
            written[parent] = _ordered({**written.get(parent, {}), name: value}, _order_below(parent))
        if ENTERPRISE_SCHEMA in written and ENTERPRISE_SCHEMA not in written["schemas"]:
            written["schemas"] = [*written["schemas"], ENTERPRISE_SCHEMA]
        return _ordered(written, _order())


def plain_patch(body: Any) -> PlainPatch | None:
    """A PATCH body as new values of simple attributes; None when it holds anything else, valid or not."""
    if not isinstance(body, dict) or body.keys() != {"schemas", "Operations"} or body["schemas"] != [_PATCH_SCHEMA]:
        return None
    operations = body["Operations"]
    if not isinstance(operations, list) or not operations or len(operations) > _MOST_OPERATIONS:
        return None
    values: list[tuple[Place, str | bool]] = []
    for operation in operations:
        written = _values_of(operation)
        if written is None:
            return None
        values += written
    return PlainPatch(tuple(values))


#: Longer ones gain nothing here.
_MOST_OPERATIONS = 50


def _values_of(operation: Any) -> list[tuple[Place, str | bool]] | None:
    if not isinstance(operation, dict) or not operation.keys() <= {"op", "path", "value"}:
        return None
    op, path, value = operation.get("op"), operation.get("path"), operation.get("value")
    if not isinstance(op, str) or op.lower() not in _OPERATIONS:
        return None
    pairs: Iterable[tuple[Any, Any]] = value.items() if path is None and isinstance(value, dict) else ((path, value),)
    found = [_value(name, one) for name, one in pairs]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None


def _value(path: Any, value: Any) -> tuple[Place, str | bool] | None:
    place = _places().get(path.lower()) if isinstance(path, str) else None
    if place is None:
        return None
    if not place.is_boolean:
        return (place, value) if isinstance(value, str) and value else None
    if isinstance(value, str):
        value = _BOOLEANS.get(value.lower())
    return (place, value) if isinstance(value, bool) else None


@cache
def _places() -> Mapping[str, Place]:
    """Path in lower case -> place, for every simple attribute of a user, with its schema and without."""
    places: dict[str, Place] = {}
    for schema in provider().schemas:
        if schema.id == USER_SCHEMA:
            for names, attribute in _simple(schema.attributes or ()):
                place = Place(names, _is_boolean(attribute))
                path = ".".join(names).lower()
                places |= {path: place, f"{USER_SCHEMA}:{path}".lower(): place}
        if schema.id == ENTERPRISE_SCHEMA:
            for names, attribute in _simple(schema.attributes or ()):
                if len(names) == 1:
                    path = f"{ENTERPRISE_SCHEMA}:{names[0]}".lower()
                    places[path] = Place((ENTERPRISE_SCHEMA, *names), _is_boolean(attribute))
    return places


def _simple(attributes: Iterable[Attribute]) -> Iterator[tuple[tuple[str, ...], Attribute]]:
    """Attributes that hold one text or boolean which a client may write, and those a level below."""
    for attribute in attributes:
        if attribute.multi_valued or attribute.mutability is not Mutability.read_write:
            continue
        name = str(attribute.name)
        if attribute.type in (Attribute.Type.string, Attribute.Type.boolean):
            yield (name,), attribute
        for names, part in _simple(attribute.sub_attributes or ()):
            yield (name, *names), part


def _is_boolean(attribute: Attribute) -> bool:
    return attribute.type is Attribute.Type.boolean


@cache
def _order() -> tuple[str, ...]:
    """Names of a user's attributes in the order of its model."""
    user = next(one for one in provider().resource_types if one.name == "User")
    return tuple(str(one.serialization_alias or name) for name, one in model_of(user).model_fields.items())


@cache
def _order_below(parent: str) -> tuple[str, ...]:
    """The same for what is below a complex attribute or in an extension."""
    for schema in provider().schemas:
        if schema.id == parent:
            return tuple(str(one.name) for one in schema.attributes or ())
        for attribute in schema.attributes or ():
            if schema.id == USER_SCHEMA and attribute.name == parent:
                return tuple(str(one.name) for one in attribute.sub_attributes or ())
    return ()


def _ordered(document: Document, order: tuple[str, ...]) -> Document:
    return {name: document[name] for name in order if name in document}
