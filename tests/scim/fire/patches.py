"""Hypothesis strategies for PATCH of a user: what an operation means for the model, and how some client writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.scim.application import ENTERPRISE, USER
from tests.scim.fire.filters import cased, inner, trees
from tests.scim.model.filters import text_of
from tests.scim.model.patches import Operation, Target, Write
from tests.scim.model.schema import USER_ATTRIBUTES, Attribute, Document

WORDS = ["", "a", "A", "b", "é", "x y"]
NAMES = ["ada", "ADA", "bob", "eve"]
_SIMPLE = ("title", "nickName", "displayName", "locale")
_PLURAL = ("emails", "phoneNumbers", "roles", "addresses")
_EXTENSION = ("department", "employeeNumber")
_TYPES = ["work", "home", "WORK"]
_MANAGER = USER_ATTRIBUTES[f"{ENTERPRISE}:manager"]
#: A user to start from: two entries of one type, one of them primary.
START: Document = {
    "schemas": [USER, ENTERPRISE],
    "title": "a",
    "name": {"givenName": "a"},
    "emails": [{"value": "a", "type": "work", "primary": True}, {"value": "b", "type": "work"}],
    "addresses": [{"locality": "b", "type": "home"}],
    ENTERPRISE: {"department": "a", "manager": {"value": "m"}},
}

Drawn = tuple[str, tuple[Write, ...], Any]


def operations() -> st.SearchStrategy[list[Operation]]:
    """One PATCH: up to four operations."""
    return st.lists(operation(), min_size=1, max_size=4)


def operation() -> st.SearchStrategy[Operation]:
    """With a path, without one, a removal, a removal that lists values as Entra's does, or one that does nothing."""
    return st.one_of(_with_path(), _with_path(), _without_path(), _removal(), _removal_of_listed(), _of_no_effect())


@st.composite
def _with_path(draw: st.DrawFn) -> Operation:
    op: str = draw(st.sampled_from(["add", "replace"]))
    path, writes, value = draw(_written(op))
    if draw(st.integers(0, 9)) == 0:
        path, writes, value = draw(_extension_as_a_whole())
    return Operation(op, writes, draw(_sent(op, path=path, value=value)))


@st.composite
def _without_path(draw: st.DrawFn) -> Operation:
    """Keys are names, dotted names, or carry a URN; an enterprise object is what Okta sends."""
    op: str = draw(st.sampled_from(["add", "replace"]))
    drawn = draw(st.lists(_written(op, selecting=False), min_size=1, max_size=4, unique_by=_attribute))
    value: Document = {path: one for path, _, one in drawn}
    writes = tuple(write for _, some, _ in drawn for write in some)
    if draw(st.booleans()) and not any(write.target.attribute.home for write in writes):
        path, more, extension = draw(_extension_as_a_whole())
        value, writes = {**value, path: extension}, writes + more
    return Operation(op, writes, draw(_sent(op, value=value)))


def _attribute(drawn: Drawn) -> str:
    return drawn[1][0].target.attribute.name


@st.composite
def _removal(draw: st.DrawFn) -> Operation:
    path, writes, _ = draw(_written("replace"))
    return Operation("remove", tuple(Write(one.target) for one in writes), draw(_sent("remove", path=path)))


@st.composite
def _removal_of_listed(draw: st.DrawFn) -> Operation:
    attribute = USER_ATTRIBUTES[draw(st.sampled_from(_PLURAL))]
    listed = draw(st.lists(_entry(attribute, strict=True).filter(bool), max_size=2))
    body = draw(_sent("remove", path=attribute.name, value=listed))
    return Operation("remove", (Write(Target(attribute), listed),), body)


#: Nobody writes these: what the directory says itself, and a removal of nothing in particular.
_REFUSED: list[Document] = [
    {"op": "replace", "path": "id", "value": "x"},
    {"op": "add", "value": {"title": "b", "id": "x"}},
    {"op": "replace", "path": "groups", "value": [{"value": "x"}]},
    {"op": "remove", "path": "groups"},
    {"op": "replace", "path": "meta.version", "value": "x"},
    {"op": "remove"},
    {"op": "replace", "path": "active", "value": "maybe"},
    {"op": "add", "path": "title", "value": 7},
    {"op": "add", "path": "emails", "value": ["a"]},
    {"op": "replace", "path": 'emails[type ne "none"]', "value": "x"},
]
_IGNORED: list[Document] = [
    {"op": "add", "path": "shoeSize", "value": 42},
    {"op": "replace", "value": {"shoeSize": 42, f"{ENTERPRISE}:shoeSize": 42}},
    {"op": "remove", "path": "shoeSize"},
    {"op": "replace", "path": "name.nickName", "value": "x"},
]


def _of_no_effect() -> st.SearchStrategy[Operation]:
    """Refused with everything before and after it, or ignored."""
    refused = st.sampled_from(_REFUSED).map(lambda body: Operation("none", (), body, is_refused=True))
    return refused | st.sampled_from(_IGNORED).map(lambda body: Operation("none", (), body))


def _written(op: str, *, selecting: bool = True) -> st.SearchStrategy[Drawn]:
    """Path, meaning and value of one write."""
    choices: list[Callable[[str], st.SearchStrategy[Drawn]]] = [_simple, _simple, _complex, _plural, _extension]
    if selecting:
        choices += [_selected, _selected, _selected, _fanned]
    return st.sampled_from(choices).flatmap(lambda one: one(op))


@st.composite
def _simple(draw: st.DrawFn, op: str) -> Drawn:
    name = draw(st.sampled_from([*_SIMPLE, *_SIMPLE, "userName", "externalId", "active"]))
    attribute = USER_ATTRIBUTES[name]
    if name == "active":
        value: Any = draw(st.sampled_from([True, False, "True", "False", "false"]))
    else:
        words = NAMES if name == "userName" else [word for word in WORDS if word or name != "externalId"]
        value = draw(st.sampled_from([*words, None] if op == "replace" and name != "userName" else words))
    return draw(_core_path(name)), (Write(Target(attribute), value),), value


@st.composite
def _complex(draw: st.DrawFn, op: str) -> Drawn:
    attribute = USER_ATTRIBUTES["name"]
    part = draw(st.none() | st.sampled_from(["givenName", "familyName", "formatted"]))
    words = st.sampled_from([*WORDS, None] if op == "replace" else WORDS)
    if part is not None:
        word = draw(words)
        return draw(_core_path(f"name.{part}")), (Write(Target(attribute, part), word),), word
    names = st.sampled_from(["givenName", "familyName", "FORMATTED"])
    value = draw(st.dictionaries(names, words, min_size=1, max_size=2))
    return draw(_core_path("name")), (Write(Target(attribute), value),), value


@st.composite
def _plural(draw: st.DrawFn, op: str) -> Drawn:
    """The whole list, or a single entry without one."""
    attribute = USER_ATTRIBUTES[draw(st.sampled_from(_PLURAL))]
    entries = draw(st.lists(_entry(attribute), max_size=3))
    value: Any = entries[0] if len(entries) == 1 and draw(st.booleans()) else entries
    return draw(_core_path(attribute.name)), (Write(Target(attribute), value),), value


@st.composite
def _fanned(draw: st.DrawFn, op: str) -> Drawn:
    """`emails.display`: the sub-attribute of every entry."""
    attribute = USER_ATTRIBUTES[draw(st.sampled_from(_PLURAL))]
    part, value = draw(_part(attribute))
    return draw(_core_path(f"{attribute.name}.{part}")), (Write(Target(attribute, part), value),), value


@st.composite
def _selected(draw: st.DrawFn, op: str) -> Drawn:
    """`emails[...]` with an object, or `emails[...].value` with a value."""
    attribute = USER_ATTRIBUTES[draw(st.sampled_from(_PLURAL))]
    known = [{"value": "a", "locality": "b", "type": "work", "primary": True, "display": "A", "country": "b"}]
    leaf = inner(attribute, [*known, {"type": "home"}])
    selector = draw(leaf | leaf | trees(leaf))
    path = f"{draw(_core_path(attribute.name))}[{text_of(selector)}]"
    part, value = draw(_part(attribute))
    if draw(st.booleans()):
        return f"{path}.{draw(cased(part))}", (Write(Target(attribute, part, selector), value),), value
    entry = draw(_entry(attribute).filter(bool))
    return path, (Write(Target(attribute, None, selector), entry),), entry


@st.composite
def _extension(draw: st.DrawFn, op: str) -> Drawn:
    """Always with the URN; the manager in every form that is understood."""
    if draw(st.booleans()):
        return draw(_manager())
    name = draw(st.sampled_from(_EXTENSION))
    value = draw(st.sampled_from([*WORDS, None] if op == "replace" else WORDS))
    path = draw(cased(f"{ENTERPRISE}:{name}"))
    return path, (Write(Target(USER_ATTRIBUTES[f"{ENTERPRISE}:{name}"]), value),), value


@st.composite
def _manager(draw: st.DrawFn) -> Drawn:
    sent = draw(st.sampled_from(["m", "", {"value": "n"}, {"value": ""}]))
    meant = sent.get("value") if isinstance(sent, dict) else sent
    path = draw(cased(f"{ENTERPRISE}:manager"))
    return path, (Write(Target(_MANAGER), {"value": meant} if meant else None),), sent


@st.composite
def _extension_as_a_whole(draw: st.DrawFn) -> Drawn:
    """The URN alone. A manager stands in it as an object: see test_patches.py for the bare string."""
    value: Document = draw(st.dictionaries(st.sampled_from(_EXTENSION), st.sampled_from(WORDS), min_size=1))
    if draw(st.booleans()):
        value = {**value, "manager": {"value": draw(st.sampled_from(["m", "n"]))}}
    writes = tuple(Write(Target(USER_ATTRIBUTES[f"{ENTERPRISE}:{name}"]), one) for name, one in value.items())
    return ENTERPRISE, writes, value


@st.composite
def _part(draw: st.DrawFn, attribute: Attribute) -> tuple[str, Any]:
    name = draw(st.sampled_from(sorted({"value", "locality", "display", "type", "primary"} & attribute.parts.keys())))
    return name, draw(_part_value(name, strict=False))


def _part_value(name: str, *, strict: bool) -> st.SearchStrategy[Any]:
    if name == "primary":
        return st.sampled_from([True, False] if strict else [True, False, "True", "False"])
    return st.sampled_from(_TYPES if name == "type" else WORDS)


@st.composite
def _entry(draw: st.DrawFn, attribute: Attribute, *, strict: bool = False) -> Document:
    names = {"value", "locality", "country", "display", "type", "primary"} & attribute.parts.keys()
    chosen = draw(st.sets(st.sampled_from(sorted(names)), min_size=1, max_size=3))
    entry = {name: draw(_part_value(name, strict=strict)) for name in sorted(chosen)}
    if strict or draw(st.integers(0, 3)):
        return entry
    # Odd names, and Entra's `primary: ""`, which says nothing.
    return {name.upper(): value for name, value in entry.items()} | ({} if "primary" in entry else {"primary": ""})


def _core_path(path: str) -> st.SearchStrategy[str]:
    return st.sampled_from([path, path, f"{USER}:{path}"]).flatmap(cased)


@st.composite
def _sent(draw: st.DrawFn, /, op: str, **members: Any) -> Document:
    """The operation as JSON; Entra capitalises op."""
    return {"op": draw(st.sampled_from([op, op, op.capitalize(), op.upper()])), **members}
