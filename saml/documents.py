"""XML from outside: one hardened parse, the namespaces SAML uses, and small readers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lxml import etree
from lxml.etree import _Element

Element = _Element  # lxml has no public name for the type of its elements

SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
XENC11 = "{http://www.w3.org/2009/xmlenc11#}"

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?"
)


class NotXmlError(Exception):
    """The bytes are not XML; the message is libxml2's on one line, with line and column where it has them."""


class DoctypeError(Exception):
    """The document declares a type or an entity."""


def parse(raw: bytes, *, keep_comments: bool) -> Element:
    """The root of an untrusted document. `keep_comments` leaves comments and processing instructions in, to be refused.

    Everything is read as UTF-8, whatever the document declares: with one encoding, and without the NUL bytes that would
    make libxml2 guess another, looking for `<!DOCTYPE` in the bytes finds every one before anything in it is processed.
    Raises NotXmlError, DoctypeError.
    """
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotXmlError(f"not UTF-8 at byte {error.start}") from error
    if b"\0" in raw:
        raise NotXmlError("holds a NUL byte")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise DoctypeError
    try:
        return etree.fromstring(raw, _hardened_parser(keep_comments=keep_comments))
    except etree.XMLSyntaxError as error:
        raise NotXmlError(printable(" ".join(str(error.msg).split()))) from error  # it quotes, line breaks and all


def _hardened_parser(*, keep_comments: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=not keep_comments,
        remove_pis=not keep_comments,
    )


def children(parent: Element, tag: str) -> list[Element]:
    """The direct child elements with that tag, in order."""
    return [child for child in parent if child.tag == tag]


def descend(parent: Element, *tags: str) -> list[Element]:
    """The elements at the end of a path of tags, in document order."""
    found = [parent]
    for tag in tags:
        found = [child for element in found for child in children(element, tag)]
    return found


def text(element: Element) -> str:
    """The text of a leaf element, as it stands; comments are gone or refused by the time anyone reads."""
    return element.text or ""


def printable(value: str) -> str:
    """What came from outside as it may be shown to a person or stand in a log: on one line, all of it to be seen."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)


def read_time(value: str) -> datetime:
    """An xs:dateTime in UTC; one without a zone is UTC already (SAML core 1.3.3). Raises ValueError.

    Digits beyond microseconds are cut off (Entra sends seven).
    """
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(value) from error


def read_duration(value: str) -> timedelta | None:
    """An xs:duration to the second, with years of 365 and months of 30 days; None for what is none, or is negative."""
    found = _DURATION.fullmatch(value)
    if found is None or not any(found.groups()):
        return None
    years, months, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=365 * years + 30 * months + days, hours=hours, minutes=minutes, seconds=seconds)
