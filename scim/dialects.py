"""How identity providers write SCIM, understood before validation, and what each provider kind is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from scim.provider import ENTERPRISE_SCHEMA

_MANAGER_PATHS = (f"{ENTERPRISE_SCHEMA}:manager".lower(), f"{ENTERPRISE_SCHEMA}:manager.value".lower())
#: A larger group is answered 204 to a PATCH: its body would cost more than the change (RFC 7644 3.5.2 allows it).
_LARGEST_GROUP_IN_ANSWER = 500


class Deviation(StrEnum):
    """A shape outside the RFCs that was understood anyway."""

    MANAGER_AS_STRING = "manager_as_string"
    MANAGER_EMPTY = "manager_empty"
    PRIMARY_EMPTY = "primary_empty"
    MEMBER_AS_STRING = "member_as_string"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a provider kind is answered. `largest_group_in_answer` None: never a body for a group PATCH."""

    largest_group_in_answer: int | None = _LARGEST_GROUP_IN_ANSWER


_ENTRA = Dialect(largest_group_in_answer=None)
_DEFAULT = Dialect()


def dialect_of(provider: str) -> Dialect:
    """The dialect of a directory's provider kind (scim.md, decision 8)."""
    return _ENTRA if provider == "entra" else _DEFAULT


@dataclass(slots=True)
class Understood:
    """A request body in the RFC's own shape, and how far it was from it."""

    value: Any
    deviations: set[Deviation] = field(default_factory=set)


def understand_resource(body: Any) -> Understood:
    """A POST or PUT body: Entra's manager as a string, empty manager and primary, members as bare strings."""
    understood = Understood(body)
    if isinstance(body, dict):
        understood.value = _resource(body, understood.deviations)
    return understood


def understand_patch(body: Any) -> Understood:
    """A PATCH body: the same shapes inside operations. An empty manager becomes a removal."""
    understood = Understood(body)
    if not isinstance(body, dict):
        return understood
    name = next((key for key in body if key.lower() == "operations"), "")
    operations = body.get(name)
    if isinstance(operations, list):
        read = [part for one in operations for part in _operation(one, understood.deviations)]
        understood.value = {**body, name: read}
    return understood


def _operation(operation: Any, deviations: set[Deviation]) -> Iterable[Any]:
    if not isinstance(operation, dict):
        return [operation]
    fields = {key.lower(): key for key in operation}
    path, value = operation.get(fields.get("path", "")), operation.get(fields.get("value", ""))
    op = str(operation.get(fields.get("op", ""))).lower()
    if op == "remove" or "value" not in fields:
        return [operation]
    if isinstance(path, str) and path:
        return [_with_path(operation, fields["value"], path=path, value=value, deviations=deviations)]
    if isinstance(value, dict):
        return _without_path(operation, fields["value"], value=value, deviations=deviations)
    return [operation]


def _with_path(
    operation: dict[str, Any], value_field: str, *, path: str, value: Any, deviations: set[Deviation]
) -> dict[str, Any]:
    if path.lower() not in _MANAGER_PATHS:
        return {**operation, value_field: _value(value, deviations)}
    manager = _manager(value, deviations)
    if manager is None:
        return {"op": "remove", "path": f"{ENTERPRISE_SCHEMA}:manager"}
    return {**operation, "path": f"{ENTERPRISE_SCHEMA}:manager", value_field: manager}


def _without_path(
    operation: dict[str, Any], value_field: str, *, value: dict[str, Any], deviations: set[Deviation]
) -> list[dict[str, Any]]:
    """The manager keys of a path-less operation become operations of their own: an empty one is a removal."""
    kept: dict[str, Any] = {}
    managers: list[dict[str, Any]] = []
    for key, one in value.items():
        inner = _inner_manager(key, one)
        if key.lower() in _MANAGER_PATHS:
            managers.append(_with_path(operation, value_field, path=key, value=one, deviations=deviations))
        elif inner is None:
            kept[key] = _value(one, deviations)
        else:
            rest = {name: item for name, item in one.items() if name != inner}
            kept |= {key: rest} if rest else {}
            path = f"{ENTERPRISE_SCHEMA}:manager"
            managers.append(_with_path(operation, value_field, path=path, value=one[inner], deviations=deviations))
    return ([{**operation, value_field: kept}] if kept or not managers else []) + managers


def _inner_manager(key: str, value: Any) -> str | None:
    """How an enterprise extension object spells its manager, when it has one."""
    if key.lower() != ENTERPRISE_SCHEMA.lower() or not isinstance(value, dict):
        return None
    return next((name for name in value if name.lower() == "manager"), None)


def _resource(body: dict[str, Any], deviations: set[Deviation]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in body.items():
        inner = _inner_manager(key, value)
        if inner is not None:
            read[key] = {**value, inner: _manager(value[inner], deviations)}
        elif key.lower() == "members":
            read[key] = _members(value, deviations)
        else:
            read[key] = _value(value, deviations)
    return read


def _manager(value: Any, deviations: set[Deviation]) -> Any:
    """A manager object, or None for an empty one."""
    if isinstance(value, str):
        deviations.add(Deviation.MANAGER_AS_STRING if value else Deviation.MANAGER_EMPTY)
        return {"value": value} if value else None
    if isinstance(value, dict) and {key.lower(): one for key, one in value.items()}.get("value") == "":
        deviations.add(Deviation.MANAGER_EMPTY)
        return None
    return value


def _members(value: Any, deviations: set[Deviation]) -> Any:
    if not isinstance(value, list) or not any(isinstance(one, str) for one in value):
        return value
    deviations.add(Deviation.MEMBER_AS_STRING)
    return [{"value": one} if isinstance(one, str) else one for one in value]


def _value(value: Any, deviations: set[Deviation]) -> Any:
    """An attribute value, with `primary: ""` left out of its entries."""
    entries = value if isinstance(value, list) else [value]
    if not any(isinstance(one, dict) and _empty_primary(one) for one in entries):
        return value
    deviations.add(Deviation.PRIMARY_EMPTY)
    read = [
        {name: item for name, item in one.items() if name not in _empty_primary(one)} if isinstance(one, dict) else one
        for one in entries
    ]
    return read if isinstance(value, list) else read[0]


def _empty_primary(entry: dict[str, Any]) -> list[str]:
    return [name for name, item in entry.items() if item == "" and name.lower() == "primary"]
