"""Paths and filters without personal data: attribute names, operators and ids of ours stay, values become "…"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Any

MASK = "…"
_LONGEST_PATH = 1_000
_LONGEST_DETAIL = 1_000
#: Of a filter no more is read: whoever sends it decides how long it is.
_LONGEST_FILTER = 4_000
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"?|[()\[\]]|[^\s()\[\]"]+')
_ATTRIBUTE = re.compile(r"\.?[A-Za-z$][\w$.:-]{0,199}")
_NAME = re.compile(r"[A-Za-z][\w.-]{0,39}")
_WORD = re.compile(r"[A-Za-z]{1,20}")
_NUMBER = re.compile(r"-?\d{1,10}")
_SCHEMA = re.compile(r"urn:[\w./:-]{1,200}")
_STANDARD_SCHEMA = re.compile(r"urn:(ietf:params:)?scim:[\w./:-]{1,200}", re.IGNORECASE)
#: What begins like one of our tokens.
_SECRET = re.compile(r"scim_[\w-]*", re.IGNORECASE)
#: What an error quotes; an apostrophe within a word is none.
_QUOTATION = re.compile(r"""(?<!\w)(['"])(.*?)\1(?!\w)""", re.DOTALL)
#: What compares an attribute with a value in a filter.
COMPARISONS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_LOGIC = frozenset({"and", "or", "not"})
LITERALS = frozenset({"true", "false", "null"})
#: Forms of a body that come in place of JSON.
_MEDIA_TYPES = frozenset(
    {"application/xml", "text/xml", "text/plain", "text/html", "multipart/form-data", "application/octet-stream"}
    | {"application/x-www-form-urlencoded"}
)
#: What a request may want done, and in which order.
ORDERS = frozenset({"add", "remove", "replace", "post", "put", "patch", "delete", "ascending", "descending"})
#: Attributes whose values are ids of this directory.
ID_ATTRIBUTES = frozenset({"id", "members", "groups", "manager"})
#: Where a plain word is a kind, not a person.
KIND_ATTRIBUTES = frozenset({"type", "resourcetype"})
_ENDPOINTS = frozenset(
    {"users", "groups", "schemas", "resourcetypes", "serviceproviderconfig", "bulk", "me", ".search", "user", "group"}
)


def without_secrets(text: str) -> str:
    """The text with whatever begins like one of our tokens masked."""
    return _SECRET.sub(MASK, text)


def is_id(text: str) -> bool:
    """Whether this has the form of an id of ours."""
    return _UUID.fullmatch(text) is not None


def is_schema(text: str) -> bool:
    """Whether this has the form of a schema URI; none of our tokens is one."""
    return _SCHEMA.fullmatch(text) is not None and _SECRET.search(text) is None


def is_word(text: str) -> bool:
    """Whether this is one plain word."""
    return _WORD.fullmatch(text) is not None


def is_boolean(text: str) -> bool:
    """Whether this is a boolean written as text, as Entra ID does."""
    return text.lower() in ("true", "false")


def redacted_path(path: str, query: Mapping[str, str]) -> str:
    """The path below the base URL with its parameters, decoded, for reading: `/Users?filter=userName eq "…"`."""
    shown = []
    before = ""
    for segment in path[:_LONGEST_PATH].split("/"):
        shown.append(segment if not segment or _is_plain_segment(segment, before) else MASK)
        # The path of an operation of a bulk request follows that of the request.
        before = "" if segment == "Bulk" else segment.lower()
    parameters = "&".join(_parameter(name, value) for name, value in query.items())
    text = _SECRET.sub(MASK, "/".join(shown) + (f"?{parameters}" if parameters else ""))
    return _cut(text, _LONGEST_PATH)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + MASK


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
    shown = head if not head or _is_attribute(head) else MASK
    if not bracket:
        return shown
    inner, closing, tail = rest.rpartition("]")
    if not closing:
        inner, tail = rest, ""
    if tail and not _is_attribute(tail):
        tail = MASK
    return f"{shown}[{redacted_filter(inner, around=head)}{closing}{tail}"


def _is_attribute(text: str) -> bool:
    """Whether this has the form of an attribute's name; none of our tokens is one."""
    return _ATTRIBUTE.fullmatch(text) is not None and _SECRET.search(text) is None


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
    words = (gap + shown for gap, _, shown in _filter_words(text[:_LONGEST_FILTER], around.lower()))
    return "".join(words) + (MASK if len(text) > _LONGEST_FILTER else "")


def _filter_words(text: str, around: str) -> Iterator[tuple[str, str, str]]:
    """Each word of a filter: the gap before it, the word, and what is shown of it."""
    tokens = list(_TOKEN.finditer(text))
    end = 0
    for token, shown in zip(tokens, _shown_words([token.group() for token in tokens], around), strict=True):
        yield " " if token.start() > end else "", token.group(), shown
        end = token.end()


def _shown_words(words: list[str], around: str) -> Iterator[str]:
    expects, attribute = _Expects.ATTRIBUTE, around
    for number, word in enumerate(words):
        following = words[number + 1].lower() if number + 1 < len(words) else ""
        if word in "()[]":
            yield word
            expects = _Expects.LOGIC if word == ")" else _Expects.ATTRIBUTE
        elif expects is _Expects.LOGIC and word.lower() not in _LOGIC:
            yield MASK  # more of a value that came without quotation marks
        elif expects is _Expects.OPERATOR and word.lower() in COMPARISONS:
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
        elif _is_attribute(word) and (following in COMPARISONS or following in {"pr", "["}):
            yield word
            # `value` is about what stands before its bracket: members[value eq "<id>"].
            attribute = attribute if attribute and word.lower() == "value" else word.lower()
            expects = _Expects.OPERATOR
        else:
            yield f'"{MASK}"' if word.startswith('"') else MASK


def _value(word: str, attribute: str) -> str:
    bare = word.strip('"')
    parts = attribute.rpartition(":")[2].split(".")
    if bare.lower() in LITERALS or (is_id(bare) and parts[0] in ID_ATTRIBUTES):
        return word
    if parts[-1] in KIND_ATTRIBUTES and is_word(bare):
        return word
    return f'"{MASK}"' if word.startswith('"') else MASK


def redacted_detail(detail: str, path: str, query: Mapping[str, str], body: Any) -> str:
    """What an error said, without what it quotes of the request.

    Two nets: what the request says of people is masked wherever it stands, in any case (the shortest of it only in
    quotation marks, since it is part of many words), and of what stands in quotation marks only names and words of the
    protocol stay.
    """
    said = detail.lower()
    quoted = {text.lower() for text in _values(path, query, body) if text.lower() in said}
    for text in sorted((text for text in quoted if len(text) > 2), key=len, reverse=True):
        detail = re.sub(re.escape(text), MASK, detail, flags=re.IGNORECASE)
    detail = _QUOTATION.sub(lambda found: _quotation(found, quoted), detail)
    return _cut(without_secrets(detail), _LONGEST_DETAIL)


def _quotation(found: re.Match[str], quoted: Collection[str]) -> str:
    mark, text = found.groups()
    if _is_of_the_protocol(text) or (_is_plain_name(text) and text.lower() not in quoted):
        return found.group()
    return f"{mark}{MASK}{mark}"


def _is_of_the_protocol(text: str) -> bool:
    return is_id(text) or text.lower() in _VOCABULARY or _STANDARD_SCHEMA.fullmatch(text) is not None


def _is_plain_name(text: str) -> bool:
    return _is_attribute(text) and ":" not in text


#: Words that say nothing of anybody.
_VOCABULARY = COMPARISONS | _LOGIC | LITERALS | _ENDPOINTS | ORDERS | _MEDIA_TYPES | {"pr", "work", "home", "other"}
#: Fields and parameters that hold paths or filters.
_WRITTEN_IN_GRAMMAR = frozenset({"path", "filter", "attributes", "excludedattributes", "sortby"})


def _values(path: str, query: Mapping[str, str], body: Any) -> Iterator[str]:
    """Every text of a request that may be about somebody."""
    found: list[Iterable[str]] = [_segments(path), *(_words(name.lower(), text) for name, text in query.items())]
    found += [_words(name, text) for name, text in _texts_of(body)]
    return (text for some in found for text in some if not _is_of_the_protocol(text))


def _segments(path: str) -> Iterator[str]:
    for segment in path.split("/"):
        yield segment
        yield segment.partition(":")[2]  # of bulkId:x


def _words(name: str, text: str) -> Iterator[str]:
    """The values in a text: all of it, or those of the filter or path that it is."""
    if name not in _WRITTEN_IN_GRAMMAR:
        yield text
        return
    if text.startswith("/"):
        yield from _segments(text)
        return
    if not _is_attribute(text):
        yield text
    for _, word, shown in _filter_words(text[:_LONGEST_FILTER], ""):
        if word != shown and not _is_attribute(text):
            bare = word.strip('"')
            yield from (bare, re.sub(r"\\(.)", r"\1", bare))


def _texts_of(body: Any) -> Iterator[tuple[str, str]]:
    """Every text and number of a body, and the name in lower case under which it stands."""
    waiting = [("", body)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(key.lower(), one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(name, one) for one in value]
        elif isinstance(value, str):
            yield name, value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, str(value)
