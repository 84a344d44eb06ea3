"""Hypothesis strategies that garble a genuine document: its bytes, its elements, or the values of its JSON.

An edit is a few small numbers, taken modulo what there is to choose from, so that each fits every document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, TypeVar

from hypothesis import strategies as st
from lxml import etree

from saml.documents import Element
from tests.saml.forge import MORE, SHA1

T = TypeVar("T")
Numbers = tuple[int, int, int]

_NUMBERS = st.tuples(st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 4000))
_XHTML = "{http://www.w3.org/1999/xhtml}b"

#: What stands in place of something else, or between.
_FRAGMENTS = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"<!DOCTYPE x [<!ENTITY e 'e'>]>",
    b"<!--",
    b"-->",
    b"<?x y?>",
    b"<![CDATA[",
    b"]]>",
    b"&e;",
    b"&#0;",
    b"&#x10FFFF;",
    b"<a>" * 300,
    b"<a " + b"a='' " * 40 + b"/>",
    b" xmlns:saml='urn:x'",
    b"{",
    b"[" * 2000,
    b'"',
    b",",
    b".",
    b"1e999",
    b"\\ud800",
    "\N{KELVIN SIGN}\N{RIGHT-TO-LEFT OVERRIDE}".encode(),
)
_TEXTS = (
    "",
    " ",
    "#_assertion",
    "_assertion",
    "#xpointer(/)",
    "file:///etc/passwd",
    "http://127.0.0.1:9/",
    "javascript:alert(1)",
    "https://[::1",
    "https://idp.test:99999/",
    "u-2",
    "boss@acme.test",
    "alice@acme.test,boss@acme.test",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "2026-11-23T12:00:00-99:99",
    "12026-01-01T00:00:00Z",
    "2026-11-23T24:00:00Z",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    f"{MORE}hmac-sha256",
    SHA1,
    "urn:oasis:names:tc:SAML:2.0:status:Responder",
    "\N{KELVIN SIGN}@acme.test",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}",
    "AAAA",
    "A" * 3000,
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    10**18,
    10**400,
    -(10**400),
    1e308,
    0.5,
    "",
    "none",
    "HS256",
    "k1",
    "u-2",
    "boss@acme.test",
    "https://evil.test",
    "https://[::1",
    "http://127.0.0.1:9/",
    "\0",
    "\ud800",
    "x" * 3000,
    [],
    {},
    [[]],
    [None],
    {"": {}},
    ["doorward-client", "other"],
    {"keys": []},
)


def _one(of: Sequence[T], number: int) -> T:
    return of[number % len(of)]


# bytes


def _replaced(raw: bytes, numbers: Numbers) -> bytes:
    start, length, fragment = numbers
    start %= len(raw) + 1
    return raw[:start] + _one(_FRAGMENTS, fragment) + raw[start + length % 40 :]


def _repeated(raw: bytes, numbers: Numbers) -> bytes:
    start, length, at = numbers
    start, at = start % (len(raw) + 1), at % (len(raw) + 1)
    return raw[:at] + raw[start : start + length] + raw[at:]


def _cut(raw: bytes, numbers: Numbers) -> bytes:
    return raw[: numbers[0] % (len(raw) + 1)]


def _flipped(raw: bytes, numbers: Numbers) -> bytes:
    if not raw:
        return raw
    at = numbers[0] % len(raw)
    return raw[:at] + bytes([raw[at] ^ (1 << numbers[1] % 8)]) + raw[at + 1 :]


# elements


def _elements(root: Element) -> list[Element]:
    return [element for element in root.iter() if isinstance(element.tag, str)]


def _is_around(outer: Element, inner: Element) -> bool:
    return outer is inner or outer in inner.iterancestors()


def _moved(root: Element, numbers: Numbers) -> None:
    everywhere = _elements(root)
    element, into = _one(everywhere, numbers[0]), _one(everywhere, numbers[1])
    if not _is_around(element, into):
        into.insert(numbers[2] % (len(into) + 1), element)


def _copied(root: Element, numbers: Numbers) -> None:
    everywhere = _elements(root)
    into = _one(everywhere, numbers[1])
    into.insert(numbers[2] % (len(into) + 1), deepcopy(_one(everywhere, numbers[0])))


def _dropped(root: Element, numbers: Numbers) -> None:
    element = _one(_elements(root), numbers[0])
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _renamed(root: Element, numbers: Numbers) -> None:
    everywhere = _elements(root)
    tags = [*sorted({str(element.tag) for element in everywhere}), _XHTML]
    _one(everywhere, numbers[0]).tag = _one(tags, numbers[1])


def _said(root: Element, numbers: Numbers) -> None:
    everywhere = _elements(root)
    said = [element.text for element in everywhere if element.text and element.text.strip()]
    _one(everywhere, numbers[0]).text = _one([*_TEXTS, *said], numbers[1])


def _attributed(root: Element, numbers: Numbers) -> None:
    everywhere = _elements(root)
    attributes = [pair for element in everywhere for pair in element.attrib.items()]
    names = sorted({str(name) for name, _ in attributes} | {"ID", "Id", "{http://www.w3.org/XML/1998/namespace}id"})
    values = [*_TEXTS, *(str(value) for _, value in attributes)]
    _one(everywhere, numbers[0]).set(_one(names, numbers[1]), _one(values, numbers[2]))


def _bared(root: Element, numbers: Numbers) -> None:
    element = _one(_elements(root), numbers[0])
    if element.attrib:
        del element.attrib[_one(sorted(map(str, element.attrib)), numbers[1])]


def _commented(root: Element, numbers: Numbers) -> None:
    element = _one(_elements(root), numbers[0])
    comment = etree.Comment("x") if numbers[1] % 2 else etree.ProcessingInstruction("x", "y")
    comment.tail, element.text = element.text, None
    element.insert(0, comment)


# values


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with every key or index in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, part in inner for place in ((value, key), *_places(part))]


def _valued(value: Any, numbers: Numbers) -> None:
    if places := _places(value):
        container, key = _one(places, numbers[0])
        container[key] = deepcopy(_one(_VALUES, numbers[1]))


def _taken(value: Any, numbers: Numbers) -> None:
    if places := _places(value):
        container, key = _one(places, numbers[0])
        del container[key]


def _wrapped(value: Any, numbers: Numbers) -> None:
    if places := _places(value):
        container, key = _one(places, numbers[0])
        container[key] = [container[key]] if numbers[1] % 2 else {"value": container[key]}


def _exchanged(value: Any, numbers: Numbers) -> None:
    if places := _places(value):
        (first, one), (second, other) = _one(places, numbers[0]), _one(places, numbers[1])
        first[one] = deepcopy(second[other])


_IN_BYTES: tuple[Callable[[bytes, Numbers], bytes], ...] = (_replaced, _repeated, _cut, _flipped, _flipped, _replaced)
_IN_TREES: tuple[Callable[[Element, Numbers], None], ...] = (
    _moved,
    _copied,
    _dropped,
    _renamed,
    _said,
    _attributed,
    _bared,
    _commented,
)
_IN_VALUES: tuple[Callable[[Any, Numbers], None], ...] = (_valued, _taken, _wrapped, _exchanged, _valued)


def garbled_bytes(raw: bytes) -> st.SearchStrategy[bytes]:
    """`raw`, with up to three places changed."""

    def apply(edits: list[tuple[Callable[[bytes, Numbers], bytes], Numbers]]) -> bytes:
        garbled = raw
        for edit, numbers in edits:
            garbled = edit(garbled, numbers)
        return garbled

    return st.lists(st.tuples(st.sampled_from(_IN_BYTES), _NUMBERS), min_size=1, max_size=3).map(apply)


def tree_edits() -> st.SearchStrategy[Callable[[Element], None]]:
    """Up to three changes of the elements of any document."""
    return _several(_IN_TREES)


def value_edits() -> st.SearchStrategy[Callable[[Any], None]]:
    """Up to three changes inside any JSON object."""
    return _several(_IN_VALUES)


def _several(kinds: Sequence[Callable[[Any, Numbers], None]]) -> st.SearchStrategy[Callable[[Any], None]]:
    def together(edits: list[tuple[Callable[[Any, Numbers], None], Numbers]]) -> Callable[[Any], None]:
        def apply(document: Any) -> None:
            for edit, numbers in edits:
                edit(document, numbers)

        return apply

    return st.lists(st.tuples(st.sampled_from(kinds), _NUMBERS), min_size=1, max_size=3).map(together)


def garbled_xml(raw: bytes) -> st.SearchStrategy[bytes]:
    """`raw`, with up to three elements, or places, or both changed."""

    def edited(edit: Callable[[Element], None]) -> bytes:
        root = etree.fromstring(raw)
        edit(root)
        return etree.tostring(root)

    trees = tree_edits().map(edited)
    return st.one_of(garbled_bytes(raw), trees, trees, trees.flatmap(garbled_bytes))
