"""The gate: what a posted SAML response must look like before python3-saml and xmlsec see any of it.

python3-saml runs XSLT transforms of a forged signature before it judges the signature, lets a Reference open local
files and reads the clock itself. So it is never given a post, only a tree that this module parsed and found to have the
one shape that honest identity providers produce. That tree is parsed once and never copied: what is judged, verified
and read is the same.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass

from app.rules.identity import Rejection
from saml.documents import SAML, SAMLP, DoctypeError, Element, NotXmlError, children, descend, parse, text
from saml.rejections import Name, reject
from saml.signatures import ORDINARY_ID, SIGNATURE, check_signature

# A response with 150 groups takes about 40 kB; Werkzeug itself stops at 500 kB of form.
LONGEST_BASE64 = 400_000
LONGEST_XML = 256 * 1024
MOST_ATTRIBUTES = 64

_ASSERTION = f"{SAML}Assertion"
ENCRYPTED_ASSERTION = f"{SAML}EncryptedAssertion"
_STATUS_CODE = f"{SAMLP}StatusCode"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A response that may be verified. Nothing in it is trusted yet.

    Every signature in it stands in the Response or in its only Assertion and refers to that element, so that
    each of them, once valid, covers `assertion`. Where the assertion came encrypted, `sealed` is the document as it
    came, which a signature of the Response covers, and `root` the same with the assertion in its place.
    """

    root: Element
    assertion: Element
    response_is_signed: bool
    sealed: Element | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A response whose assertion is encrypted. It goes through the gate again once that was decrypted."""

    root: Element
    encrypted: Element
    response_is_signed: bool


def admit(posted: str) -> Admitted | Sealed | Rejection:
    """Let a posted SAMLResponse through, or say why not.

    1. There is something, and it is not too long.
    2. It is base64 (line breaks are allowed, other characters are not), and not too long when decoded.
    3. It is XML in UTF-8 without document type, entities, or more than 256 levels.
    4. to 11. are `_TREE_CHECKS`.
    """
    decoded = _decode(posted)
    if isinstance(decoded, Rejection):
        return decoded
    try:
        root = parse(decoded, keep_comments=True)
    except NotXmlError as error:
        return reject(Name.NOT_XML, expected="XML in UTF-8", received=str(error))
    except DoctypeError:
        return reject(Name.DOCTYPE_PRESENT)
    refused = _check_tree(root)
    if refused:
        return refused
    response_is_signed = bool(children(root, SIGNATURE))
    encrypted = children(root, ENCRYPTED_ASSERTION)
    if encrypted:
        return Sealed(root, encrypted[0], response_is_signed)
    return Admitted(root, children(root, _ASSERTION)[0], response_is_signed)


def admit_opened(sealed: Sealed, root: Element) -> Admitted | Rejection:
    """Let the decrypted document through, or say why not: everything that `admit` looks for in a tree, once more."""
    refused = _check_tree(root)
    if refused:
        return refused
    return Admitted(root, children(root, _ASSERTION)[0], sealed.response_is_signed, sealed=sealed.root)


def _check_tree(root: Element) -> Rejection | None:
    return next((refused for check in _TREE_CHECKS if (refused := check(root))), None)


def _decode(posted: str) -> bytes | Rejection:
    if not posted.strip():
        return reject(Name.RESPONSE_MISSING)
    if len(posted) > LONGEST_BASE64:
        return reject(Name.RESPONSE_TOO_LARGE, expected=f"{LONGEST_BASE64} characters", received=str(len(posted)))
    try:
        # ValueError is for characters outside ASCII, binascii.Error (a ValueError) for the rest.
        decoded = binascii.a2b_base64(posted.translate(_LINE_BREAKS), strict_mode=True)
    except ValueError as error:
        return reject(Name.NOT_BASE64, received=str(error))
    if len(decoded) > LONGEST_XML:
        return reject(Name.RESPONSE_TOO_LARGE, expected=f"{LONGEST_XML} bytes", received=str(len(decoded)))
    return decoded


_LINE_BREAKS = {ord("\r"): None, ord("\n"): None}


def _is_response(root: Element) -> Rejection | None:
    """4. The root is samlp:Response."""
    return None if root.tag == f"{SAMLP}Response" else reject(Name.NOT_A_RESPONSE, received=str(root.tag))


def _no_comments(root: Element) -> Rejection | None:
    """5. No comment and no processing instruction anywhere: what is signed and what is read cannot differ by one."""
    found = root.getroottree().xpath("//comment() | //processing-instruction()")
    return reject(Name.COMMENT_PRESENT) if found else None


def _few_attributes(root: Element) -> Rejection | None:
    """6. No element has more attributes than SAML could use: canonicalization sorts them in quadratic time."""
    most = max(len(element.attrib) for element in root.iter())
    if most <= MOST_ATTRIBUTES:
        return None
    return reject(Name.RESPONSE_TOO_LARGE, expected=f"{MOST_ATTRIBUTES} XML attributes", received=str(most))


def _unique_ids(root: Element) -> Rejection | None:
    """7. No two identifiers are equal: neither ID, Id nor xml:id, in any namespace, as xmlsec registers them all."""
    seen: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if str(name).rpartition("}")[2].lower() != "id":
                continue
            if str(value).strip() in seen:
                return reject(Name.ID_REPEATED, received=str(value))
            seen.add(str(value).strip())
    return None


def _succeeded(root: Element) -> Rejection | None:
    """8. One Status, and it says Success by its Value."""
    codes = descend(root, f"{SAMLP}Status", _STATUS_CODE)
    if [code.get("Value") for code in codes] == [_SUCCESS]:
        return None
    reasons = [str(inner.get("Value")) for code in codes for inner in code.iter(_STATUS_CODE)]
    reasons += [text(message) for message in descend(root, f"{SAMLP}Status", f"{SAMLP}StatusMessage")]
    return reject(Name.STATUS_NOT_SUCCESS, expected=_SUCCESS, received=" / ".join(filter(None, reasons)))


def _one_assertion(root: Element) -> Rejection | None:
    """9. One Assertion with an ordinary ID, a child of the Response, and no other at any depth, encrypted or not."""
    everywhere = list(root.iter(_ASSERTION, ENCRYPTED_ASSERTION))
    if not everywhere:
        return reject(Name.ASSERTION_MISSING)
    if len(everywhere) > 1 or everywhere[0].getparent() is not root:
        return reject(Name.ASSERTION_REPEATED, expected="1, directly in the Response", received=str(len(everywhere)))
    if everywhere[0].tag == ENCRYPTED_ASSERTION:
        return None
    if not ORDINARY_ID.fullmatch(everywhere[0].get("ID", "")):  # it will be remembered against replay
        return reject(Name.ID_UNUSABLE, received=everywhere[0].get("ID", ""))
    return None


def _signatures(root: Element) -> Rejection | None:
    """10. One signature at least, at most one in the Response and one in its Assertion; 11. the profile of each.

    The one may be inside what is encrypted.
    """
    places = (root, *children(root, _ASSERTION))
    in_place = [signature for place in places for signature in children(place, SIGNATURE)]
    everywhere = sum(1 for _ in root.iter(SIGNATURE))
    if len(in_place) != everywhere or any(len(children(place, SIGNATURE)) > 1 for place in places):
        return reject(Name.SIGNATURE_MISPLACED, expected="at most one in the Response and one in its Assertion")
    if not in_place and len(places) > 1:
        return reject(Name.UNSIGNED)
    return next((refused for signature in in_place if (refused := check_signature(signature))), None)


_TREE_CHECKS: tuple[Callable[[Element], Rejection | None], ...] = (
    _is_response,
    _no_comments,
    _few_attributes,
    _unique_ids,
    _succeeded,
    _one_assertion,
    _signatures,
)
