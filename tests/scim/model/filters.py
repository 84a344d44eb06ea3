"""SCIM filters as trees with an evaluator of their own (RFC 7644 3.4.2.2): nothing here has seen the library's."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.scim.model.schema import Attribute, Document, values_of

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "co": lambda value, operand: operand in value,
    "sw": lambda value, operand: bool(value.startswith(operand)),
    "ew": lambda value, operand: bool(value.endswith(operand)),
}


@dataclass(frozen=True)
class Place:
    """An attribute, or one sub-attribute of it, and how this filter spells it."""

    attribute: Attribute
    part: str | None
    spelling: str

    @property
    def leaf(self) -> Attribute:
        """What is compared: a complex attribute named alone stands for its `value` (RFC 7643 2.4)."""
        if self.part is None and self.attribute.multi and "value" in self.attribute.parts:
            return self.attribute.parts["value"]
        return self.attribute if self.part is None else self.attribute.parts[self.part]


@dataclass(frozen=True)
class Compare:
    """`place op operand`; the spelling is what the text says, the rest what it means."""

    place: Place
    op: str
    operand: Any
    op_spelling: str
    literal: str


@dataclass(frozen=True)
class Present:
    """`place pr`."""

    place: Place
    op_spelling: str = "pr"


@dataclass(frozen=True)
class Selects:
    """`emails[...]`: at least one entry satisfies the filter in the brackets, and what stands beyond them if anything.

    `emails[type eq "work"].value eq "x"` is Entra's, not the RFC's; it means the same entry.
    """

    place: Place
    inner: Tree
    beyond: Compare | Present | None = None


@dataclass(frozen=True)
class Not:
    """`not (...)`."""

    inner: Tree
    spelling: str = "not"


@dataclass(frozen=True)
class Joined:
    """Terms joined by `and` or `or`."""

    op: str
    terms: tuple[Tree, ...]
    spelling: str


Tree = Compare | Present | Selects | Not | Joined


def matches(tree: Tree, document: Document) -> bool:
    """Whether a resource satisfies the filter."""
    return _evaluate(tree, lambda leaf: _leaf_matches(leaf, document))


def entry_matches(tree: Tree, entry: Document) -> bool:
    """Whether one entry of a multi-valued attribute satisfies what stands in the brackets."""

    def leaf_matches(leaf: Compare | Present | Selects) -> bool:
        assert not isinstance(leaf, Selects)
        name = leaf.place.attribute.name
        values = [] if entry.get(name) is None else [entry[name]]
        return _values_match(leaf, values, lacking=not values)

    return _evaluate(tree, leaf_matches)


def _evaluate(tree: Tree, leaf_matches: Callable[[Compare | Present | Selects], bool]) -> bool:
    if isinstance(tree, Not):
        return not _evaluate(tree.inner, leaf_matches)
    if isinstance(tree, Joined):
        join = all if tree.op == "and" else any
        return join(_evaluate(term, leaf_matches) for term in tree.terms)
    return leaf_matches(tree)


def _leaf_matches(leaf: Compare | Present | Selects, document: Document) -> bool:
    attribute, part = leaf.place.attribute, leaf.place.part
    if isinstance(leaf, Selects):
        wanted = [leaf.inner] if leaf.beyond is None else [leaf.inner, leaf.beyond]
        return any(all(entry_matches(one, entry) for one in wanted) for entry in attribute.entries(document))
    if isinstance(leaf, Present) and part is None and attribute.parts:
        return any(value != "" for entry in attribute.entries(document) for value in entry.values())
    if part is None and leaf.place.leaf is not attribute:
        part = "value"
    values = list(values_of(attribute, document, part))
    lacking = not values or len(values) < len(attribute.entries(document))
    return _values_match(leaf, values, lacking=lacking)


def _values_match(leaf: Compare | Present, values: list[Any], *, lacking: bool) -> bool:
    """`lacking`: there is no value, or an entry without one; RFC 7643 2.5: null is the same as absent."""
    if isinstance(leaf, Present):
        return any(value != "" for value in values)
    if leaf.operand is None:
        return {"eq": lacking, "ne": not lacking}.get(leaf.op, False)
    if leaf.op == "ne":
        return not any(_compare("eq", leaf, value) for value in values)
    return any(_compare(leaf.op, leaf, value) for value in values)


def _compare(op: str, leaf: Compare, value: Any) -> bool:
    kind = leaf.place.leaf
    if kind.type == "dateTime":
        return _OPERATORS[op](moment(value), moment(leaf.operand))
    return _OPERATORS[op](kind.key(value), kind.key(leaf.operand))


def moment(text: str) -> datetime:
    """An xsd:dateTime; without a zone it is UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def tokens(tree: Tree, *, inside: str = "or") -> Iterator[str]:
    """The filter as words; parentheses where precedence (not, and, or) needs them."""
    match tree:
        case Compare():
            yield from (tree.place.spelling, tree.op_spelling, tree.literal)
        case Present():
            yield from (tree.place.spelling, tree.op_spelling)
        case Selects():
            yield f"{tree.place.spelling}["
            yield from tokens(tree.inner)
            if tree.beyond is None:
                yield "]"
            else:
                first, *rest = tokens(tree.beyond)
                yield from (f"].{first}", *rest)
        case Not():
            yield from (tree.spelling, "(")
            yield from tokens(tree.inner)
            yield ")"
        case Joined():
            needs_parentheses = inside == "and" and tree.op == "or"
            yield from ("(",) * needs_parentheses
            for number, term in enumerate(tree.terms):
                yield from (tree.spelling,) * (number > 0)
                yield from tokens(term, inside=tree.op)
            yield from (")",) * needs_parentheses


def text_of(tree: Tree) -> str:
    """The filter as a client sends it."""
    return " ".join(tokens(tree))
