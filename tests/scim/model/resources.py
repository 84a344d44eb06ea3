"""A pushed body as a service provider keeps it: known attributes in their own spelling, nothing unassigned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.scim.application import ENTERPRISE, GROUP, USER
from tests.scim.model.schema import ATTRIBUTES, Attribute, Document

_NOT_WRITTEN = ("id", "schemas", "meta", "groups")


class Refused(Exception):
    """The request is refused with this status and changes nothing."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status}: {why}")
        self.status = status


def stored(body: Document, schema: str) -> Document:
    """What is kept of a POST or PUT body; `schema` is the one of its kind. Raises Refused."""
    table = ATTRIBUTES[schema]
    document: Document = {}
    for key, value in body.items():
        if key.lower() == ENTERPRISE.lower() and schema == USER:
            inner = {
                one.name: written(one, _by_name(value, one.name)) for one in table.values() if one.home == ENTERPRISE
            }
            assign(document, ENTERPRISE, {name: one for name, one in inner.items() if one is not None})
            continue
        attribute = find(table, key)
        if attribute is not None and attribute.name not in _NOT_WRITTEN:
            assign(document, attribute.name, written(attribute, value))
    check(document, schema)
    return document


def check(document: Document, schema: str) -> None:
    """What holds for every stored resource: a name, and at most one primary value of an attribute (RFC 7643 2.4)."""
    name = "displayName" if schema == GROUP else "userName"
    if not document.get(name, "").strip():
        raise Refused(400, f"{name} is empty")
    for value in document.values():
        if isinstance(value, list) and sum(entry.get("primary") is True for entry in value) > 1:
            raise Refused(400, "two primary values")


def find(table: Mapping[str, Attribute], name: str) -> Attribute | None:
    """An attribute by its name in any case, without the URN of a core schema."""
    lowered = name.lower()
    for schema in (USER, GROUP):
        lowered = lowered.removeprefix(f"{schema}:".lower())
    return next((one for key, one in table.items() if key.lower() == lowered), None)


def written(attribute: Attribute, value: Any) -> Any:
    """A value as it is kept, or None for one that unassigns; of entries that are the same in a list one is (RFC 7643
    2.4). Raises Refused for one of another type.
    """
    if attribute.multi:
        entries = [] if value is None else value if isinstance(value, list) else [value]
        kept = [_single(attribute, entry) for number, entry in enumerate(entries) if entry not in entries[:number]]
        return [entry for entry in kept if entry is not None] or None
    return _single(attribute, value)


def _single(attribute: Attribute, value: Any) -> Any:
    if value is None:
        return None
    if attribute.type == "complex":
        return _complex(attribute, value)
    if attribute.type == "boolean":
        return boolean(value)
    if not isinstance(value, str):
        raise Refused(400, f"{attribute.name} is no text")
    return value


def _complex(attribute: Attribute, value: Any) -> Document | None:
    if attribute.name == "manager" and isinstance(value, str):
        value = {"value": value or None}  # Entra's
    if not isinstance(value, dict):
        raise Refused(400, f"{attribute.name} is no object")
    parts = {name: _single(part, _by_name(value, name)) for name, part in attribute.parts.items()}
    if attribute.name == "manager" and not parts["value"]:
        return None
    return {name: one for name, one in parts.items() if one is not None} or None


def boolean(value: Any) -> bool | None:
    """true and false, also as Entra writes them; an empty text is nothing."""
    if value == "":
        return None
    read = {"true": True, "false": False}.get(str(value).lower())
    if read is None:
        raise Refused(400, "no boolean")
    return read


def _by_name(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise Refused(400, "no object")
    return next((one for key, one in value.items() if key.lower() == name.lower()), None)


def assign(place: Document, name: str, value: Any) -> None:
    """Write or, with nothing to write, remove."""
    if value is None or value in ([], {}):
        place.pop(name, None)
    else:
        place[name] = value
