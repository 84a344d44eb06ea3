"""How identity providers write SCIM, put into the RFC's own shape before it is validated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scim.dialects import Deviation
from scim.limits import MAX_ENTRIES
from scim.provider import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from scim.redaction import LITERALS


@dataclass(slots=True)
class Understood:
    """A request body or filter in the RFC's own shape, and how far it was from it."""

    value: Any
    deviations: set[Deviation] = field(default_factory=set)


def understand_resource(body: Any) -> Understood:
    """A POST or PUT body, of one resource or of a bulk request.

    Understood are Entra's manager as a string or in a list, an empty manager and primary, members as bare strings, a
    multi-valued attribute with its one entry outside a list, an entry that comes twice, and schemas of SCIM 1.
    """
    understood = Understood(body)
    if isinstance(body, dict):
        understood.value = _resource(body, understood.deviations)
    return understood


def understand_patch(body: Any) -> Understood:
    """A PATCH body: the same shapes inside operations. An empty manager becomes a removal."""
    understood = Understood(body)
    if not isinstance(body, dict):
        return understood
    name = _field(body, "operations")
    operations = body.get(name)
    if isinstance(operations, list):
        read = [part for one in operations for part in _operation(one, understood.deviations)]
        understood.value = {**body, name: read}
        if not operations:
            understood.deviations.add(Deviation.NO_OPERATIONS)
    return understood


def understand_filter(text: str) -> Understood:
    """A filter: Entra's `manager` without its schema, and a value without quotation marks."""
    understood = Understood(text)
    bare = _BARE_VALUE.fullmatch(text)
    if bare is not None and bare[2].lower() not in LITERALS and not _NUMBER.fullmatch(bare[2]):
        understood.deviations.add(Deviation.FILTER_VALUE_UNQUOTED)
        understood.value = f'{bare[1]} "{bare[2]}"'
    parts = _QUOTED.split(understood.value)
    named = [_BARE_MANAGER.sub(f"{ENTERPRISE_SCHEMA}:manager.value", part) for part in parts[::2]]
    if named != parts[::2]:
        understood.deviations.add(Deviation.MANAGER_WITHOUT_URN)
        parts[::2] = named
        understood.value = "".join(parts)
    return understood


_BARE_VALUE = re.compile(r"\s*([A-Za-z][\w.:-]* +[A-Za-z]{2}) +([^\s\"()\[\]]+)\s*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_QUOTED = re.compile(r'("(?:\\.|[^"\\])*")')
_BARE_MANAGER = re.compile(r"(?<![\w.:])manager(?:\.value)?(?=\s+[A-Za-z]{2}\b)", re.IGNORECASE)


def _field(body: dict[str, Any], name: str) -> str:
    """How a body spells a field."""
    return next((key for key in body if key.lower() == name), "")


def _operation(operation: Any, deviations: set[Deviation]) -> Iterable[Any]:
    if not isinstance(operation, dict):
        return [operation]
    fields = {key.lower(): key for key in operation}
    path, value = operation.get(fields.get("path", "")), operation.get(fields.get("value", ""))
    op = str(operation.get(fields.get("op", ""))).lower()
    if op == "remove" or "value" not in fields:
        return [operation]
    if isinstance(path, str) and path:
        return _at_path(operation, fields, path=path, value=value, deviations=deviations)
    if isinstance(value, dict):
        return _without_path(operation, fields["value"], value=value, deviations=deviations)
    return [operation]


def _at_path(
    operation: dict[str, Any], fields: dict[str, str], *, path: str, value: Any, deviations: set[Deviation]
) -> list[dict[str, Any]]:
    """An operation with a path; one on the whole enterprise extension is one without a path that names it."""
    if path.lower() == ENTERPRISE_SCHEMA.lower() and isinstance(value, dict):
        bare = {name: one for name, one in operation.items() if name != fields["path"]}
        return _without_path(bare, fields["value"], value={path: value}, deviations=deviations)
    if "[" in path and value is None:
        return [{"op": "remove", "path": path}]  # null unassigns (RFC 7644 3.5.2.3); there may be nothing to unassign
    return [_with_path(operation, fields["value"], path=path, value=value, deviations=deviations)]


def _with_path(
    operation: dict[str, Any], value_field: str, *, path: str, value: Any, deviations: set[Deviation]
) -> dict[str, Any]:
    if not _names_manager(path, deviations):
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
        if _names_manager(key, deviations):
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


def _names_manager(path: str, deviations: set[Deviation]) -> bool:
    """Whether a path is the manager's, with its schema or, as in one of Entra's examples, without."""
    lowered = path.lower()
    if lowered in _BARE_MANAGER_PATHS:
        deviations.add(Deviation.MANAGER_WITHOUT_URN)
        return True
    return lowered in _MANAGER_PATHS


_BARE_MANAGER_PATHS = ("manager", "manager.value")
_MANAGER_PATHS = tuple(f"{ENTERPRISE_SCHEMA}:{path}".lower() for path in _BARE_MANAGER_PATHS)


def _resource(body: dict[str, Any], deviations: set[Deviation]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in body.items():
        lowered, inner = key.lower(), _inner_manager(key, value)
        if inner is not None:
            read[key] = {**value, inner: _manager(value[inner], deviations)}
        elif lowered == "members":
            read[key] = _members(value, deviations)
        elif lowered == "schemas":
            read[key] = _schemas(value, body, deviations)
        elif lowered == "operations" and isinstance(value, list):
            read[key] = [_bulk_operation(one, deviations) for one in value]
        else:
            read[key] = _entries(lowered, _value(value, deviations), deviations)
    return read


def _bulk_operation(operation: Any, deviations: set[Deviation]) -> Any:
    """The data of a bulk operation is what the body of a single request would be."""
    if not isinstance(operation, dict):
        return operation
    method, data = str(operation.get(_field(operation, "method"), "")).upper(), _field(operation, "data")
    if not data:
        return operation
    understood = (understand_patch if method == "PATCH" else understand_resource)(operation[data])
    deviations |= understood.deviations
    return {**operation, data: understood.value}


def _schemas(value: Any, body: dict[str, Any], deviations: set[Deviation]) -> Any:
    """Schemas of SCIM 1 and its drafts stand for those of the standard; anything else is judged by the library."""
    if not isinstance(value, list) or not any(_is_draft_schema(one) for one in value):
        return value
    deviations.add(Deviation.FOREIGN_SCHEMAS)
    kept = [one for one in value if not _is_draft_schema(one)]
    core = USER_SCHEMA if _field(body, "username") else GROUP_SCHEMA
    return kept if core in kept else [core, *kept]


def _is_draft_schema(uri: Any) -> bool:
    return isinstance(uri, str) and uri.lower().startswith("urn:scim:schemas:")


def _entries(name: str, value: Any, deviations: set[Deviation]) -> Any:
    """Entries of a multi-valued attribute: in a list, and each of them once (RFC 7643 2.4)."""
    if name not in _MULTI_VALUED:
        return value
    if isinstance(value, dict):
        deviations.add(Deviation.ENTRY_WITHOUT_LIST)
        return [value]
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_ENTRIES:  # more are refused soon after
        return value
    kept: list[Any] = []
    for entry in value:
        if entry not in kept:
            kept.append(entry)
    if len(kept) < len(value):
        deviations.add(Deviation.ENTRY_TWICE)
    return kept


_MULTI_VALUED = frozenset(
    {"emails", "phonenumbers", "ims", "photos", "entitlements", "roles", "x509certificates", "addresses"}
)


def _manager(value: Any, deviations: set[Deviation]) -> Any:
    """A manager object, or None for an empty one."""
    if isinstance(value, list) and len(value) == 1:
        deviations.add(Deviation.MANAGER_AS_LIST)
        value = value[0]
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
