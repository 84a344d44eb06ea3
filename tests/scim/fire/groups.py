"""Hypothesis strategies for PATCH of a group: who is meant is drawn as a number and named when the ids are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.scim.application import GROUP
from tests.scim.model.directory import GroupOperation
from tests.scim.model.schema import Document

#: Display names to choose from, two of them the same to the directory.
NAMES = ["Admins", "ADMINS", "Owners", "Everyone"]
Draft = Callable[[Sequence[str]], GroupOperation]

_NUMBERS = st.integers(0, 20)


def operations() -> st.SearchStrategy[list[Draft]]:
    """One PATCH: up to five operations, each waiting for the ids of users, groups and nobody."""
    return st.lists(st.one_of(_members(), _members(), _filtered(), _attributes()), min_size=1, max_size=5)


def meant(numbers: Sequence[int], ids: Sequence[str]) -> list[str]:
    """The ids that numbers stand for; with no ids at all, nobody's."""
    return [ids[number % len(ids)] if ids else f"nobody-{number}" for number in numbers]


@st.composite
def _members(draw: st.DrawFn) -> Draft:
    """A value array, a single entry, bare ids, or no value at all."""
    op = draw(st.sampled_from(["add", "remove", "replace"]))
    numbers = draw(st.lists(_NUMBERS, max_size=5))
    shape = draw(
        st.sampled_from(["objects", "objects", "entra", "okta", "bare", "single", "nothing", "nothing", "path-less"])
    )
    spelled = draw(_spelled(op))
    path = draw(st.sampled_from(["members", "Members", f"{GROUP}:members"]))

    def bind(ids: Sequence[str]) -> GroupOperation:
        named = meant(numbers, ids)
        value = _value(shape, named)
        if shape == "nothing" and op != "add":
            body = {"op": spelled, "path": path} | ({"value": None} if op == "replace" else {})
            return GroupOperation("replace", frozenset(), {}, body)
        if shape == "path-less" and op != "remove":
            return GroupOperation(op, frozenset(named), {}, {"op": spelled, "value": {"members": value}})
        named = named[:1] if shape == "single" else named
        return GroupOperation(op, frozenset(named), {}, {"op": spelled, "path": path, "value": value})

    return bind


def _value(shape: str, named: Sequence[str]) -> Any:
    match shape:
        case "entra":
            return [{"$ref": None, "value": one} for one in named]
        case "okta":
            return [{"value": one, "display": f"the name of {one}"} for one in named]
        case "bare":
            return list(named)
        case "single":
            return {"VALUE": named[0]} if named else []
        case _:
            return [{"value": one} for one in named]


@st.composite
def _filtered(draw: st.DrawFn) -> Draft:
    """Removal by filter, of one or of several."""
    numbers = draw(st.lists(_NUMBERS, min_size=1, max_size=4))
    spelled, eq, word = (
        draw(_spelled("remove")),
        draw(st.sampled_from(["eq", "EQ"])),
        draw(st.sampled_from(["or", "OR"])),
    )

    def bind(ids: Sequence[str]) -> GroupOperation:
        named = meant(numbers, ids)
        text = f" {word} ".join(f'value {eq} "{one}"' for one in named)
        return GroupOperation("remove", frozenset(named), {}, {"op": spelled, "path": f"members[{text}]"})

    return bind


@st.composite
def _attributes(draw: st.DrawFn) -> Draft:
    """A new displayName or externalId, with a path or without one as Okta sends it; now and then an empty name."""
    op = draw(st.sampled_from(["add", "replace"]))
    name = draw(st.sampled_from(["displayName", "displayName", "externalId"]))
    values: list[str | None] = [*NAMES, ""] if name == "displayName" else ["x", "X", *([None] * (op == "replace"))]
    value, spelled = draw(st.sampled_from(values)), draw(_spelled(op))
    path = draw(st.sampled_from([name, name.lower(), f"{GROUP}:{name}"]))
    has_path = draw(st.booleans())

    def bind(_ids: Sequence[str]) -> GroupOperation:
        where: Document = {"path": path, "value": value} if has_path else {"value": {path: value}}
        return GroupOperation(op, None, {name: value}, {"op": spelled, **where})

    return bind


def _spelled(op: str) -> st.SearchStrategy[str]:
    return st.sampled_from([op, op, op.capitalize()])
