"""The one profile of ds:Signature that python3-saml and xmlsec are allowed to see."""

from __future__ import annotations

import re

from app.rules.identity import Rejection
from saml.documents import DS, Element, children
from saml.rejections import Name, reject

_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

SIGNATURE = f"{DS}Signature"
ENVELOPED = f"{_XMLDSIG}enveloped-signature"
# With or without comments: the gate lets no document with a comment pass, so both give the same octets and refusing one
# would protect nobody. Inclusive canonicalization stays out: it drags the namespaces around an element into its digest.
EXCLUSIVE = frozenset({_EXCLUSIVE, f"{_EXCLUSIVE}WithComments"})
SIGNATURE_METHODS = frozenset(f"{_MORE}{key}-sha{bits}" for key in ("rsa", "ecdsa") for bits in (256, 384, 512))
DIGEST_METHODS = frozenset({f"{_XMLENC}sha256", f"{_MORE}sha384", f"{_XMLENC}sha512"})

_INCLUSIVE_NAMESPACES = f"{{{_EXCLUSIVE}}}InclusiveNamespaces"
# Read by nobody, the key is always the configured one; allowed because Keycloak sends all three. What is not in the
# list, above all RetrievalMethod, makes xmlsec fetch things.
_KEY_HINTS = frozenset({f"{DS}KeyName", f"{DS}KeyValue", f"{DS}X509Data"})
_LONGEST_PREFIX_LIST = 100
ORDINARY_ID = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")


def check_signature(signature: Element) -> Rejection | None:
    """Why this signature may not be verified, or None. Its place in the document is the gate's business.

    1. Elements: SignedInfo, SignatureValue and at most KeyInfo; one Reference; no Object; nothing inside the methods.
    2. Reference: `#` and the ID of the element that the signature stands in, and that ID is a plain name, so that
       neither a file, nor a URL, nor an XPointer, nor another element can be meant.
    3. Transforms: enveloped-signature, then exclusive canonicalization. No XSLT, no XPath, no third one.
    4. Algorithms from the lists above: no SHA-1, MD5, RIPEMD, DSA, HMAC.
    """
    return _shape(signature) or _reference(signature) or _transforms(signature) or _algorithms(signature)


def _shape(signature: Element) -> Rejection | None:
    wanted = {
        f"{DS}SignedInfo": ["CanonicalizationMethod", "SignatureMethod", "Reference"],
        f"{DS}Reference": ["Transforms", "DigestMethod", "DigestValue"],
        **{f"{DS}{leaf}": [] for leaf in ("SignatureMethod", "DigestMethod", "DigestValue", "SignatureValue")},
    }
    outer = [child.tag for child in signature]
    if outer[:2] != [f"{DS}SignedInfo", f"{DS}SignatureValue"] or outer[2:] not in ([], [f"{DS}KeyInfo"]):
        return reject(Name.SIGNATURE_SHAPE, expected="SignedInfo, SignatureValue, KeyInfo", received=_names(signature))
    for element in signature.iter(*wanted):
        if [child.tag for child in element] != [f"{DS}{name}" for name in wanted[str(element.tag)]]:
            return reject(Name.SIGNATURE_SHAPE, expected=", ".join(wanted[str(element.tag)]), received=_names(element))
    for key_info in children(signature, f"{DS}KeyInfo"):
        if any(hint.tag not in _KEY_HINTS for hint in key_info):
            return reject(Name.SIGNATURE_SHAPE, expected="KeyName, KeyValue, X509Data", received=_names(key_info))
    return None


def _reference(signature: Element) -> Rejection | None:
    parent = signature.getparent()
    assert parent is not None  # the gate has looked where it stands
    signed_id = parent.get("ID", "")
    uri = _reference_of(signature).get("URI")
    if ORDINARY_ID.fullmatch(signed_id) and uri == f"#{signed_id}":
        return None
    return reject(Name.SIGNATURE_REFERENCE, expected=f"#{signed_id}", received=str(uri))


def _transforms(signature: Element) -> Rejection | None:
    canonicalization, transforms = signature[0][0], list(_reference_of(signature)[0])
    algorithms = [method.get("Algorithm") for method in (*transforms, canonicalization)]
    allowed = (
        [transform.tag for transform in transforms] == [f"{DS}Transform", f"{DS}Transform"]
        and algorithms[0] == ENVELOPED
        and EXCLUSIVE.issuperset(algorithms[1:])
        and [len(transforms[0]), len(canonicalization)] == [0, 0]
        and _few_prefixes(transforms[1])
    )
    if allowed:
        return None
    received = ", ".join(str(algorithm) for algorithm in algorithms)
    return reject(Name.SIGNATURE_TRANSFORMS, expected="enveloped-signature, xml-exc-c14n#", received=received)


def _few_prefixes(transform: Element) -> bool:
    """Okta names a prefix to keep; that is all that may stand in there.

    libxml2 walks the list at every element: with 4,000 prefixes a response of 256 kB kept it busy for over ten minutes.
    """
    inside = list(transform)
    tags, prefixes = [element.tag for element in inside], [element.get("PrefixList", "") for element in inside]
    return tags in ([], [_INCLUSIVE_NAMESPACES]) and len("".join(prefixes)) <= _LONGEST_PREFIX_LIST


def _algorithms(signature: Element) -> Rejection | None:
    method = signature[0][1].get("Algorithm")
    digest = _reference_of(signature)[1].get("Algorithm")
    if method in SIGNATURE_METHODS and digest in DIGEST_METHODS:
        return None
    return reject(
        Name.SIGNATURE_ALGORITHM, expected="RSA or ECDSA with SHA-256 or better", received=f"{method}, {digest}"
    )


def _reference_of(signature: Element) -> Element:
    return signature[0][2]


def _names(element: Element) -> str:
    return ", ".join(str(child.tag).rpartition("}")[2] for child in element)
