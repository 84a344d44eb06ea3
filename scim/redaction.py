"""Paths and filters without personal data: attribute names, operators and ids of ours stay, values become "…"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any

MASK = "…"
_LONGEST_PATH = 1_000
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"?|[()\[\]]|[^\s()\[\]"]+')
_ATTRIBUTE = re.compile(r"\.?[A-Za-z$][\w$.:-]{0,199}")
_NAME = re.compile(r"[A-Za-z][\w.-]{0,39}")
_WORD = re.compile(r"[A-Za-z]{1,20}")
_NUMBER = re.compile(r"-?\d{1,10}")
_SCHEMA = re.compile(r"(urn:|https?://)[\w./:-]{1,200}")
_COMPARISONS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_LOGIC = frozenset({"and", "or", "not"})
_LITERALS = frozenset({"true", "false", "null"})
#: Attributes whose values are ids of this directory.
ID_ATTRIBUTES = frozenset({"id", "members", "groups", "manager"})
#: Where a plain word is a kind, not a person.
KIND_ATTRIBUTES = frozenset({"type", "resourcetype"})
_ENDPOINTS = frozenset(
    {"users", "groups", "schemas", "resourcetypes", "serviceproviderconfig", "bulk", "me", ".search", "user", "group"}
)


def is_id(text: str) -> bool:
    """Whether this has the form of an id of ours."""
    return _UUID.fullmatch(text) is not None


def is_schema(text: str) -> bool:
    """Whether this has the form of a schema URI."""
    return _SCHEMA.fullmatch(text) is not None


def is_word(text: str) -> bool:
    """Whether this is one plain word."""
    return _WORD.fullmatch(text) is not None


def is_boolean(text: str) -> bool:
    """Whether this is a boolean written as text, as Entra ID does."""
    return text.lower() in ("true", "false")


def redacted_path(path: str, query: Mapping[str, str]) -> str:
    """The path below the base URL with its parameters, decoded, for reading: `/Users?filter=userName eq "…"`."""
    segments, shown = path.split("/"), []
    before = ""
    for segment in segments:
        shown.append(segment if not segment or _is_plain_segment(segment, before) else MASK)
        before = segment.lower()
    parameters = "&".join(_parameter(name, value) for name, value in query.items())
    text = "/".join(shown) + (f"?{parameters}" if parameters else "")
    return text if len(text) <= _LONGEST_PATH else text[:_LONGEST_PATH] + MASK


def _is_plain_segment(segment: str, before: str) -> bool:
    """Whether a segment names an endpoint or one of our ids; some clients put an address, or a token, where these
    belong.
    """
    if is_id(segment) or (not before and segment.lower() in _ENDPOINTS) or segment == ".search":
        return True
    return (before == "schemas" and is_schema(segment)) or (before == "resourcetypes" and segment in ("User", "Group"))


def _parameter(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        return MASK
    match name.lower():
        case "filter":
            shown = redacted_filter(value)
        case "attributes" | "excludedattributes" | "sortby":
            shown = ",".join(redacted_attribute(one) for one in value.split(","))
        case "sortorder":
            shown = value if is_word(value) else MASK
        case "startindex" | "count":
            shown = value if _NUMBER.fullmatch(value) else MASK
        case _:
            shown = MASK if value else ""
    return f"{name}={shown}" if shown or value else name


def redacted_attribute(text: str) -> str:
    """An attribute path; what stands in brackets is a filter."""
    head, bracket, rest = text.strip().partition("[")
    shown = head if not head or _ATTRIBUTE.fullmatch(head) else MASK
    if not bracket:
        return shown
    inner, closing, tail = rest.rpartition("]")
    if not closing:
        inner, tail = rest, ""
    if tail and not _ATTRIBUTE.fullmatch(tail):
        tail = MASK
    return f"{shown}[{redacted_filter(inner, around=head)}{closing}{tail}"


class _Expects(Enum):
    """What comes next in a filter."""

    ATTRIBUTE = auto()
    OPERATOR = auto()
    VALUE = auto()
    LOGIC = auto()


def redacted_filter(text: str, *, around: str = "") -> str:
    """A filter with its attributes and operators, also one that cannot be understood: what is not known is a value.

    `around` is the attribute in whose brackets it stands.
    """
    return "".join(_filter_parts(text, around.lower()))


def _filter_parts(text: str, around: str) -> Iterator[str]:
    tokens = list(_TOKEN.finditer(text))
    expects, attribute, end = _Expects.ATTRIBUTE, around, 0
    for number, token in enumerate(tokens):
        yield " " if token.start() > end else ""
        end = token.end()
        word = token.group()
        following = tokens[number + 1].group().lower() if number + 1 < len(tokens) else ""
        if word in "()[]":
            yield word
            expects = _Expects.LOGIC if word == ")" else _Expects.ATTRIBUTE
        elif expects is _Expects.LOGIC and word.lower() not in _LOGIC:
            yield MASK  # more of a value that came without quotation marks
        elif expects is _Expects.OPERATOR and word.lower() in _COMPARISONS:
            yield word
            expects = _Expects.VALUE
        elif expects is _Expects.OPERATOR and word.lower() == "pr":
            yield word
            expects = _Expects.LOGIC
        elif expects is _Expects.VALUE:
            yield _value(word, attribute)
            expects = _Expects.LOGIC
        elif word.lower() in _LOGIC:
            yield word
            expects = _Expects.ATTRIBUTE
        elif _ATTRIBUTE.fullmatch(word) and (following in _COMPARISONS or following in {"pr", "["}):
            yield word
            # `value` is about what stands before its bracket: members[value eq "<id>"].
            attribute = attribute if attribute and word.lower() == "value" else word.lower()
            expects = _Expects.OPERATOR
        else:
            yield f'"{MASK}"' if word.startswith('"') else MASK


def _value(word: str, attribute: str) -> str:
    bare = word.strip('"')
    parts = attribute.rpartition(":")[2].split(".")
    if bare.lower() in _LITERALS or (is_id(bare) and parts[0] in ID_ATTRIBUTES):
        return word
    if parts[-1] in KIND_ATTRIBUTES and is_word(bare):
        return word
    return f'"{MASK}"' if word.startswith('"') else MASK


def redacted_detail(detail: str, path: str, query: Mapping[str, str], body: Any) -> str:
    """What an error said, without what it quotes of the request: ids that are none, values of filters and bodies."""
    quoted = {segment for segment in path.split("/") if not is_id(segment) and segment.lower() not in _ENDPOINTS}
    for value in query.values():
        quoted.add(value)
        quoted.update(token.group().strip('"') for token in _TOKEN.finditer(value) if not _is_of_filters(token.group()))
    quoted.update(_texts_of(body))
    for text in sorted(quoted, key=len, reverse=True):
        if len(text) > 2 and not is_schema(text) and not is_boolean(text):
            detail = detail.replace(text, MASK)
    return detail


def _is_of_filters(word: str) -> bool:
    """Whether a word of a filter is part of its grammar, or names an attribute."""
    return not word.startswith('"') and (
        word.lower() in _COMPARISONS | _LOGIC | _LITERALS | {"pr"} or _ATTRIBUTE.fullmatch(word) is not None
    )


#: Fields of a request that say how, not what.
_FORMS = frozenset({"op", "schemas", "method", "type", "resourcetype"})
_MOST_TEXTS = 2_000


def _texts_of(body: Any) -> Iterator[str]:
    """Every text of a body, and those that a path of it quotes."""
    waiting, seen = [(body, "")], 0
    while waiting and seen < _MOST_TEXTS:
        value, name = waiting.pop()
        seen += 1
        if isinstance(value, dict):
            waiting += [(one, key.lower()) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(one, name) for one in value]
        elif isinstance(value, str) and name == "path":
            yield from re.findall(r'"([^"]*)"', value)
        elif isinstance(value, str) and name not in _FORMS:
            yield value
