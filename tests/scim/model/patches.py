"""PATCH of a user on plain dictionaries, operation by operation (RFC 7644 3.5.2, and Entra ID where it is silent)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.scim.application import ENTERPRISE, USER
from tests.scim.model.filters import Compare, Joined, Tree, entry_matches
from tests.scim.model.resources import Refused, assign, check, written
from tests.scim.model.schema import Attribute, Document


@dataclass(frozen=True)
class Target:
    """What an operation is about: an attribute, a sub-attribute, or the entries a filter selects."""

    attribute: Attribute
    part: str | None = None
    selector: Tree | None = None


@dataclass(frozen=True)
class Write:
    """One value for one target. A remove has a value only in Entra's form, which lists what to remove."""

    target: Target
    value: Any = None


@dataclass(frozen=True)
class Operation:
    """One operation as it is meant, and as it is sent; a path-less one writes several targets.

    Without writes it is about an attribute nobody declares, and ignored; `is_refused` if it may never be carried out.
    """

    op: str
    writes: tuple[Write, ...]
    body: Document
    is_refused: bool = False


def patched(document: Document, operations: Iterable[Operation]) -> Document:
    """The user after all operations. Raises Refused; the user that was handed in never changes."""
    after = copy.deepcopy(document)
    for operation in operations:
        _apply(after, operation)
    check(after, USER)
    return after


def _apply(user: Document, operation: Operation) -> None:
    if operation.is_refused:
        raise Refused(400, "nobody may do this")
    primary = [entry for entry in _all_entries(user) if entry.get("primary") is True]
    for write in operation.writes:
        if operation.op == "remove":
            _remove(user, write)
        else:
            _write(user, write, is_add=operation.op == "add")
    for value in [one for one in user.values() if isinstance(one, list)]:
        _settle_primary(value, before=primary)
    _drop_unassigned(user)


def _settle_primary(entries: Sequence[Document], *, before: Sequence[Document]) -> None:
    """A value that becomes primary takes it from the others; two at once are refused."""
    primary = [entry for entry in entries if entry.get("primary") is True]
    fresh = [entry for entry in primary if not any(entry is one for one in before)]
    if len(fresh) > 1:
        raise Refused(400, "two values become primary")
    for entry in entries:
        if fresh and entry is not fresh[0] and entry.get("primary") is True:
            entry["primary"] = False


def _write(user: Document, write: Write, *, is_add: bool) -> None:
    attribute, place = write.target.attribute, _place(user, write.target.attribute)
    if write.target.selector is not None:
        _write_selected(place, write.target, write.target.selector, write.value)
    elif attribute.multi and write.target.part is not None:
        for entry in attribute.entries(user):
            _merge(entry, attribute, {write.target.part: write.value})
    elif attribute.multi:
        new = written(attribute, write.value) or []
        kept = place.get(attribute.name, []) if is_add else []
        if is_add and write.value is None:
            raise Refused(400, "nothing to add")
        assign(place, attribute.name, kept + [entry for entry in new if not _is_among(kept, entry, attribute)])
    elif write.target.part is not None or (attribute.parts and write.value is not None):
        value = {write.target.part: write.value} if write.target.part is not None else write.value
        if not isinstance(value, dict):
            raise Refused(400, "no object")
        _merge(place.setdefault(attribute.name, {}), attribute, value)
    else:
        assign(place, attribute.name, written(attribute, write.value))


def _write_selected(place: Document, target: Target, selector: Tree, value: Any) -> None:
    values = {target.part: value} if target.part is not None else value
    if not isinstance(values, dict):
        raise Refused(400, "entries are objects")
    entries: list[Document] = place.get(target.attribute.name, [])
    selected = [entry for entry in entries if entry_matches(selector, entry)]
    if not selected:
        # What Entra adds by a filter that finds nothing is created, if the filter says how it looks.
        selected = [_described(selector)]
        place[target.attribute.name] = [*entries, selected[0]]
        _merge(selected[0], target.attribute, values)
        if not entry_matches(selector, selected[0]):
            raise Refused(400, "the value contradicts the filter")
        return
    for entry in selected:
        _merge(entry, target.attribute, values)


def _described(selector: Tree) -> Document:
    """The entry that a conjunction of equalities describes."""
    terms = selector.terms if isinstance(selector, Joined) and selector.op == "and" else (selector,)
    described: Document = {}
    for term in terms:
        if not isinstance(term, Compare) or term.op != "eq":
            raise Refused(400, "no target")
        written_value = written(term.place.attribute, term.operand)
        described[term.place.attribute.name] = written_value
    return {name: value for name, value in described.items() if value is not None}


def _merge(entry: Document, attribute: Attribute, values: Document) -> None:
    """Sub-attributes that are named are written, the others stay (RFC 7644 3.5.2.3)."""
    for name, value in values.items():
        part = next((one for key, one in attribute.parts.items() if key.lower() == name.lower()), None)
        # An empty boolean is Entra's way of saying nothing, so what stands there stays.
        if part is not None and not (part.type == "boolean" and value == ""):
            assign(entry, part.name, written(part, value))


def _remove(user: Document, write: Write) -> None:
    attribute, place = write.target.attribute, _place(user, write.target.attribute)
    if attribute.name == "userName":
        raise Refused(400, "userName is required")
    if write.value is not None:
        _remove_listed(place, attribute, write.value)
    elif write.target.selector is not None:
        entries: list[Document] = place.get(attribute.name, [])
        for entry in [one for one in entries if entry_matches(write.target.selector, one)]:
            if write.target.part is None:
                entries[:] = [one for one in entries if one is not entry]
            else:
                entry.pop(write.target.part, None)
    elif write.target.part is not None:
        for entry in attribute.entries(user):
            entry.pop(write.target.part, None)
    else:
        place.pop(attribute.name, None)


def _remove_listed(place: Document, attribute: Attribute, listed: Any) -> None:
    """Entra's remove: entries that have every sub-attribute of one that is listed."""
    if not isinstance(listed, list):
        listed = [listed]
    if not attribute.multi or not all(isinstance(one, dict) and one for one in listed):
        raise Refused(400, "nothing that could be selected")
    place[attribute.name] = [
        entry for entry in place.get(attribute.name, []) if not any(_has(entry, one, attribute) for one in listed)
    ]


def _has(entry: Document, wanted: Document, attribute: Attribute) -> bool:
    return all(
        name in entry and attribute.parts[name].key(entry[name]) == attribute.parts[name].key(value)
        for name, value in wanted.items()
    )


def _is_among(entries: Sequence[Document], entry: Document, attribute: Attribute) -> bool:
    """RFC 7644 3.5.2.1: a value that exists already is not added; two are the same as a filter compares them."""
    return any(one.keys() == entry.keys() and _has(one, entry, attribute) for one in entries)


def _place(user: Document, attribute: Attribute) -> Document:
    if not attribute.home:
        return user
    place: Document = user.setdefault(ENTERPRISE, {})
    return place


def _all_entries(user: Document) -> list[Document]:
    return [entry for value in user.values() if isinstance(value, list) for entry in value]


def _drop_unassigned(user: Document) -> None:
    """RFC 7643 2.5: what holds nothing is absent."""
    for place in (user.get(ENTERPRISE, {}), user):
        for name, value in list(place.items()):
            assign(place, name, [entry for entry in value if entry] if isinstance(value, list) else value)
