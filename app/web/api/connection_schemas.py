"""What the bodies of connections may hold, as JSON Schema, from the setup forms of the sign-in protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.rules.connections import ConnectionKind, SetupField

#: The two bodies whose settings belong to the protocol.
NEW, PATCHED = "NewConnection", "ConnectionPatch"

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": {"type": "string"}}


def schema_of_any(kinds: Sequence[ConnectionKind], own: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
    """The body of one of these kinds: the fields that are ours, and the protocol's own settings beside them."""
    return {"anyOf": [_schema(kind, own, is_new=is_new) for kind in kinds]}


def _schema(kind: ConnectionKind, own: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {**own["properties"], "protocol": {"const": kind.protocol}}
    required = list(own.get("required", ()))
    for setup_field in kind.setup_fields():
        _put(properties, setup_field)
        if is_new and setup_field.required and "." not in setup_field.name:
            required.append(setup_field.name)
    return {
        "title": kind.title,
        "type": "object",
        "description": own.get("description", ""),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _put(properties: dict[str, Any], setup_field: SetupField) -> None:
    """One field at its dotted place."""
    outer, dot, inner = setup_field.name.partition(".")
    if not dot:
        properties[outer] = _value(setup_field)
        return
    nested = properties.setdefault(outer, {"type": "object", "properties": {}})
    nested["properties"][inner] = _value(setup_field)


def _value(setup_field: SetupField) -> dict[str, Any]:
    schema = {"type": "boolean"} if setup_field.kind == "checkbox" else {"anyOf": [_TEXT, _TEXTS]}
    if setup_field.kind in {"url", "secret"}:
        schema = dict(_TEXT)
    if setup_field.kind == "date":
        schema = {**_TEXT, "format": "date"}
    told = f"{setup_field.hint} {setup_field.warning}".strip()
    return {"title": setup_field.label, "description": told, **schema}
