"""An encrypted assertion, decrypted with the organization's own keys and put in its place.

Not by xmlsec: it takes whatever algorithm the post names, says apart what went wrong, and libxml2 writes what it cannot
parse, decrypted, to the error log.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from copy import deepcopy
from xml.sax.saxutils import quoteattr

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from lxml import etree
from onelogin.saml2.settings import OneLogin_Saml2_Settings as LibrarySettings

from app.rules.connections import OwnKey
from app.rules.identity import Rejection
from saml.certificates import load_private_key
from saml.documents import SAML, DoctypeError, Element, NotXmlError, children, parse
from saml.encryption import Ciphers, read_ciphers
from saml.gate import ENCRYPTED_ASSERTION, Admitted, Sealed, admit_opened
from saml.library import judge_sealed
from saml.rejections import Name, reject

_BLOCK = 16
_PLACE = "doorward-assertion"
_GCM_NONCE = 12


class _FailedError(Exception):
    """It does not decrypt. Carries no cause: whoever sends guesses must not learn how far one got."""


def open_sealed(sealed: Sealed, *, settings: LibrarySettings, keys: tuple[OwnKey, ...]) -> Admitted | Rejection:
    """The response with its assertion in place, past the gate once more.

    1. The signature of the Response, where there is one, is right: until then no key is used on it. The keys are the
       organization's: whoever may sign for one of its connections may show it what was caught at another.
    2. The encryption has the one profile (saml/encryption.py), and AES-CBC only under that signature. Without it,
       whoever holds a recorded message could have us say, guess by guess, what is in it.
    3. One of the keys decrypts it to one Assertion. Whatever goes wrong in that has one name and no detail.
    4. The gate.
    """
    refused = judge_sealed(sealed, settings=settings)
    if refused:
        return refused
    ciphers = read_ciphers(sealed.encrypted)
    if isinstance(ciphers, Rejection):
        return ciphers
    if not ciphers.is_authenticated and not sealed.response_is_signed:
        return reject(Name.ENCRYPTION_UNAUTHENTICATED, expected="AES-GCM", received=ciphers.algorithm)
    if not keys:
        return reject(Name.NO_KEY_TO_DECRYPT)
    try:
        assertion = _parse_in_place(_decrypt(ciphers, keys), sealed.encrypted)
        opened = _with_assertion(sealed.root, assertion)
    except _FailedError:
        return reject(Name.DECRYPTION_FAILED)
    return admit_opened(sealed, opened)


def _decrypt(ciphers: Ciphers, keys: Iterable[OwnKey]) -> bytes:
    for key in keys:
        try:
            return _decrypt_with(key, ciphers)
        except (ValueError, InvalidTag):  # the other key, while one follows the other
            continue
    raise _FailedError


def _decrypt_with(key: OwnKey, ciphers: Ciphers) -> bytes:
    mask = MGF1(algorithm=SHA1())  # noqa: S303 (sound in OAEP, see saml/encryption.py)
    oaep = OAEP(mgf=mask, algorithm=ciphers.digest(), label=None)
    content_key = load_private_key(key).decrypt(_decoded(ciphers.wrapped_key), oaep)
    value = _decoded(ciphers.value)
    if len(content_key) != ciphers.key_bytes:
        raise ValueError
    if ciphers.is_authenticated:
        return AESGCM(content_key).decrypt(value[:_GCM_NONCE], value[_GCM_NONCE:], None)
    return _decrypt_blocks(content_key, value)


def _decrypt_blocks(content_key: bytes, value: bytes) -> bytes:
    """AES-CBC with its vector in front; the last octet says how many of the last block are padding (xmlenc 5.2)."""
    decryptor = Cipher(AES(content_key), CBC(value[:_BLOCK])).decryptor()
    padded = decryptor.update(value[_BLOCK:]) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= _BLOCK:
        raise ValueError
    return padded[: -padded[-1]]


def _decoded(encoded: str) -> bytes:
    return binascii.a2b_base64("".join(encoded.split()), strict_mode=True)


def _parse_in_place(plain: bytes, encrypted: Element) -> Element:
    """The Assertion that this is, read with the prefixes that hold where it was encrypted."""
    prefixes = " ".join(
        f"{f'xmlns:{prefix}' if prefix else 'xmlns'}={quoteattr(uri)}" for prefix, uri in encrypted.nsmap.items()
    )
    try:
        place = parse(f"<place {prefixes}>".encode() + plain + b"</place>", keep_comments=True)
    except (NotXmlError, DoctypeError):
        raise _FailedError from None
    if [child.tag for child in place] != [f"{SAML}Assertion"]:
        raise _FailedError
    return place[0]


def _with_assertion(root: Element, assertion: Element) -> Element:
    """Put in as it is spelled: moved as an element, libxml2 would give it the prefixes of the Response, and a signature
    of its own would be over others.
    """
    opened = deepcopy(root)
    opened.replace(children(opened, ENCRYPTED_ASSERTION)[0], etree.Element(_PLACE))
    before, *after = etree.tostring(opened).split(f"<{_PLACE}/>".encode())
    if len(after) != 1:
        raise _FailedError  # whoever made the response knows our word for the place
    return parse(before + etree.tostring(assertion, with_tail=False) + after[0], keep_comments=True)
