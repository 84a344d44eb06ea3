"""Hypothesis strategies for SCIM filters: trees with every operator, odd spellings, and texts that are broken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from tests.scim.application import ENTERPRISE, USER
from tests.scim.model.directory import Directory
from tests.scim.model.filters import Compare, Joined, Not, Place, Present, Selects, Tree, moment, text_of, tokens
from tests.scim.model.schema import ATTRIBUTES, Attribute, Document, values_of

_EQUALITY = ("eq", "ne")
_ORDER = ("gt", "ge", "lt", "le")
_SUBSTRING = ("co", "sw", "ew")
#: Types that do not take every operator; RFC 7644 3.4.2.2 has the others refused.
_OPERATORS = {"boolean": _EQUALITY, "binary": _EQUALITY, "dateTime": _EQUALITY + _ORDER}
#: PostgreSQL stores no NUL and UTF-8 has no surrogates: both are refused, which test_bad_input shows.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def cased(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([text, text, text.lower(), text.upper(), text.swapcase()])


def filters(directory: Directory, schema: str) -> st.SearchStrategy[Tree]:
    """Filters on users or groups of a directory that is already there and stays as it is."""
    views = [directory.view(one) for one, kept in directory.kept.items() if kept.schema == schema]
    return trees(leaves(schema, views))


def trees(leaf: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Leaves below and, or and not."""

    def above(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
        joined = st.sampled_from(["and", "or"]).flatmap(lambda op: st.builds(Joined, st.just(op), terms, cased(op)))
        return joined | st.builds(Not, inner, cased("not"))

    return st.recursive(leaf, above, max_leaves=6)


def leaves(schema: str, views: Sequence[Document]) -> st.SearchStrategy[Tree]:
    """A comparison, a presence, or a selection of entries. Everything that can be built once is built here."""
    simple: list[st.SearchStrategy[Tree]] = []
    selecting: list[st.SearchStrategy[Tree]] = []
    for place in places(schema):
        attribute = place.attribute
        simple.append(_simple(_spelled(place, schema), _values(place, views)))
        if place.part is None and attribute.multi and attribute.parts:
            entries = [entry for view in views for entry in attribute.entries(view)]
            leaf = inner(attribute, entries)
            selecting.append(_selection(_spelled(place, schema), leaf, trees(leaf)))
    one_of_simple, one_of_selecting = (st.sampled_from(some).flatmap(lambda one: one) for some in (simple, selecting))
    return st.one_of(one_of_simple, one_of_simple, one_of_selecting)


def places(schema: str) -> list[Place]:
    """Every attribute and sub-attribute that can be compared."""
    found = []
    for name, attribute in ATTRIBUTES[schema].items():
        # `meta` as a whole is left out: see test_filters.py, test_meta_is_never_null.
        found += [Place(attribute, None, name)] if name != "meta" else []
        found += [Place(attribute, part, f"{name}.{part}") for part in attribute.parts]
    return found


def sweep(directory: Directory, schema: str) -> Iterator[Tree]:
    """Every attribute with pr, eq, ne and null, and the other operators in turn: what chance would reach late."""
    views = [directory.view(one) for one, kept in directory.kept.items() if kept.schema == schema]
    for number, place in enumerate(places(schema)):
        yield Present(place)
        if place.leaf.name != "schemas":  # see test_filters.py, test_schemas_are_never_null
            yield from (Compare(place, op, None, op, "null") for op in _EQUALITY)
        known = _values(place, views)
        if place.leaf.type == "complex" or not known:
            continue
        value = known[len(known) // 2]
        others = _OPERATORS.get(place.leaf.type, _EQUALITY + _ORDER + _SUBSTRING)[len(_EQUALITY) :]
        in_turn = [others[(number + step) % len(others)] for step in (0, 3)] if others else []
        for op in (*_EQUALITY, *in_turn):
            yield Compare(place, op, value, op, json.dumps(value))


def _values(place: Place, views: Sequence[Document]) -> list[Any]:
    part = "value" if place.part is None and place.leaf is not place.attribute else place.part
    return [value for view in views for value in values_of(place.attribute, view, part)]


def _spelled(place: Place, schema: str) -> st.SearchStrategy[Place]:
    """The path in any case, and with its URN now and then; an extension's always has it."""
    names = [place.spelling] * 3
    if not place.attribute.home and place.attribute.name not in ("id", "externalId", "schemas", "meta"):
        names.append(f"{schema}:{place.spelling}")
    spellings = st.sampled_from(names).flatmap(cased)
    return spellings.map(lambda spelling: replace(place, spelling=spelling))


@st.composite
def _simple(draw: st.DrawFn, places: st.SearchStrategy[Place], values: Sequence[Any]) -> Compare | Present:
    place = draw(places)
    if draw(st.integers(0, 4)) == 0:
        return Present(place, draw(cased("pr")))
    return draw(_comparison(place, values))


@st.composite
def _comparison(draw: st.DrawFn, place: Place, values: Sequence[Any]) -> Compare:
    kind = place.leaf
    if kind.type == "complex":
        op: str = draw(st.sampled_from(_EQUALITY))
        return Compare(place, op, None, draw(cased(op)), "null")
    op = draw(st.sampled_from(_OPERATORS.get(kind.type, _EQUALITY * 3 + _ORDER + _SUBSTRING)))
    # `schemas` is not compared with null: see test_filters.py, test_schemas_are_never_null.
    is_null = kind.name != "schemas" and draw(st.integers(0, 9)) == 0
    operand = None if is_null else draw(_operand(kind, values, op))
    return Compare(place, op, operand, draw(cased(op)), draw(_literal(operand)))


def _operand(kind: Attribute, values: Sequence[Any], op: str) -> st.SearchStrategy[Any]:
    if kind.type == "boolean":
        return st.sampled_from([True, False, True, False, "True", "false"])
    known = st.sampled_from(list(values) or ["urn:x"])
    if kind.type == "binary":
        return known | st.just("eHg=")
    if kind.type == "dateTime":
        return st.builds(_shifted, known, st.integers(-2, 2), st.sampled_from([0, 0, 1, 86_400_000_000]), _ZONES)
    if kind.type == "reference" and op not in _SUBSTRING:
        return known | known.flatmap(cased)  # anything but a URI is refused: it cannot be the value of a reference
    return known | known.flatmap(cased) | known.flatmap(_pieces) | TEXT | st.just("")


_ZONES = st.sampled_from([0, 330, -480])


def _shifted(text: str, times: int, microseconds: int, zone_minutes: int) -> str:
    shifted = moment(text) + timedelta(microseconds=times * microseconds)
    return shifted.astimezone(timezone(timedelta(minutes=zone_minutes))).isoformat().replace("+00:00", "Z")


def _pieces(text: str) -> st.SearchStrategy[str]:
    """What stands somewhere in a value: what co, sw and ew look for."""
    bounds = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    return bounds.map(lambda both: text[min(both) : max(both)])


def _literal(operand: Any) -> st.SearchStrategy[str]:
    """The operand as JSON, escaped as a client likes."""
    if operand is None or isinstance(operand, bool):
        return cased(json.dumps(operand))
    plain, escaped = json.dumps(operand, ensure_ascii=False), json.dumps(operand)
    slashes = plain.replace("/", "\\/")
    return st.sampled_from([plain, plain, escaped, slashes])


@st.composite
def _selection(
    draw: st.DrawFn,
    places: st.SearchStrategy[Place],
    leaf: st.SearchStrategy[Tree],
    whole: st.SearchStrategy[Tree],
) -> Tree:
    inside = draw(whole)
    is_joined_by_or = isinstance(inside, Joined) and inside.op == "or"
    # Entra's form is about one attribute of the entry that the brackets select.
    beyond = None if is_joined_by_or or draw(st.integers(0, 2)) else draw(leaf)
    assert beyond is None or isinstance(beyond, Compare | Present)
    return Selects(draw(places), inside, beyond)


def inner(attribute: Attribute, entries: Sequence[Document]) -> st.SearchStrategy[Tree]:
    """A comparison or presence inside brackets."""
    leaves_of_parts = [
        _simple(
            st.builds(Place, st.just(part), st.none(), cased(part.name)),
            [entry[part.name] for entry in entries if part.name in entry],
        )
        for part in attribute.parts.values()
    ]
    return st.sampled_from(leaves_of_parts).flatmap(lambda one: one)


_DEBRIS = [
    "(",
    ")",
    "[",
    "]",
    '"',
    "\\",
    "not",
    "and",
    "or",
    "eq",
    "pr",
    "null",
    "true",
    "-1e999",
    "7",
    ".",
    ":",
    "emails[",
    "emails.value.x",
    "x" * 300,
    "not (" * 30,
    f"{USER}:",
    f"{ENTERPRISE}:manager.value",
    "$ref",
    "meta.location",
    '"\\u0000"',
    '"\\ud800"',
    "\u2028",
    "\u0661",
]


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[Tree]) -> str:
    """The text of a filter after words were deleted, doubled, swapped or replaced, or cut off; or no filter at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=60))
    words = list(tokens(draw(whole)))
    for _ in range(draw(st.integers(1, 3))):
        here = draw(st.integers(0, len(words) - 1))
        there = draw(st.integers(0, len(words) - 1))
        match draw(st.sampled_from(["delete", "double", "swap", "replace", "insert"])):
            case "delete":
                words = [*words[:here], *words[here + 1 :]] or [""]
            case "double":
                words.insert(there, words[here])
            case "swap":
                words[here], words[there] = words[there], words[here]
            case "replace":
                words[here] = draw(st.sampled_from(_DEBRIS))
            case _:
                words.insert(here, draw(st.sampled_from(_DEBRIS)))
    text = draw(st.sampled_from(["", " "])).join(words) if draw(st.booleans()) else " ".join(words)
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 4)) == 0 else text


__all__ = ["TEXT", "broken", "cased", "filters", "inner", "sweep", "text_of", "trees"]
