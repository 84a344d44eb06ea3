"""The one profile of an encrypted assertion that is decrypted: where its parts stand, and with which algorithms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm

from app.rules.identity import Rejection
from saml.documents import DS, XENC, XENC11, Element, children, descend, text
from saml.rejections import Name, reject

_XMLENC = XENC[1:-1]
_XMLENC11 = XENC11[1:-1]
_ENCRYPTED_KEY = f"{XENC}EncryptedKey"

# Bytes of the key. What is encrypted with GCM cannot be changed unnoticed; with CBC it can.
_GCM = {f"{_XMLENC11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_CBC = {f"{_XMLENC}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}

_OAEP = frozenset({f"{_XMLENC}rsa-oaep-mgf1p", f"{_XMLENC11}rsa-oaep"})
_OAEP_PARTS = frozenset({f"{DS}DigestMethod", f"{XENC11}MGF"})
_SHA1_DIGEST = "http://www.w3.org/2000/09/xmldsig#sha1"
#: What metadata asks for: the best that every product can do.
ENCRYPT_WITH = (f"{_XMLENC11}aes256-gcm", f"{_XMLENC}rsa-oaep-mgf1p")

# SHA-1 is sound in OAEP, which needs no collision resistance, and what Okta, ADFS and PingFederate send.
_DIGESTS: Mapping[str, type[HashAlgorithm]] = MappingProxyType(
    {
        _SHA1_DIGEST: SHA1,
        f"{_XMLENC}sha256": SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384": SHA384,
        f"{_XMLENC}sha512": SHA512,
    }
)


@dataclass(frozen=True, slots=True)
class Ciphers:
    """An encrypted assertion taken apart: both values are base64 as they came, with any white space in it."""

    algorithm: str
    value: str
    wrapped_key: str
    digest: type[HashAlgorithm]

    @property
    def is_authenticated(self) -> bool:
        """Whether a changed value is noticed when it is decrypted."""
        return self.algorithm in _GCM

    @property
    def key_bytes(self) -> int:
        """How long the wrapped key has to be."""
        return (_GCM | _CBC)[self.algorithm]


def read_ciphers(encrypted: Element) -> Ciphers | Rejection:
    """Take an EncryptedAssertion apart, or say why it is not decrypted. Nothing that it refers to is looked up.

    1. One EncryptedData and one EncryptedKey, which stands in its KeyInfo, or beside it with a RetrievalMethod that
       names it (Okta). Both hold their value themselves: no CipherReference. OAEP has no parameters.
    2. AES with GCM or CBC, under RSA-OAEP. Neither RSA PKCS #1 v1.5 nor Triple DES.
    """
    data, keys = children(encrypted, f"{XENC}EncryptedData"), list(encrypted.iter(_ENCRYPTED_KEY))
    if len(data) != 1 or len(keys) != 1 or not _key_is_in_place(encrypted, data[0], keys[0]):
        return _shape("one EncryptedData, and one EncryptedKey in it or beside it", encrypted)
    for element in (data[0], keys[0]):
        if len(descend(element, f"{XENC}EncryptionMethod")) != 1 or len(_values(element)) != 1:
            return _shape("one EncryptionMethod and one CipherValue", element)
    return _algorithms(data[0], keys[0])


def _key_is_in_place(encrypted: Element, data: Element, key: Element) -> bool:
    hints = [hint for key_info in children(data, f"{DS}KeyInfo") for hint in key_info]
    if key.getparent() is encrypted:
        return all(_points_to(hint, key) for hint in hints)
    return hints == [key]


def _points_to(hint: Element, key: Element) -> bool:
    """Whether this is what Okta has in the place of the key."""
    meant = hint.get("Type") == f"{_XMLENC}EncryptedKey" and hint.get("URI") == f"#{key.get('Id')}"
    return hint.tag == f"{DS}RetrievalMethod" and meant and len(hint) == 0


def _algorithms(data: Element, key: Element) -> Ciphers | Rejection:
    (of_data,), (of_key,) = (children(element, f"{XENC}EncryptionMethod") for element in (data, key))
    if len(of_data) or any(child.tag not in _OAEP_PARTS for child in of_key):
        return _shape("only DigestMethod, in the EncryptionMethod of the key", of_key)
    digests = [method.get("Algorithm", "") for method in children(of_key, f"{DS}DigestMethod")] or [_SHA1_DIGEST]
    # A mask other than the usual one is an element that the schema of SAML does not know, so that it would be refused
    # for that.
    masks = [method.get("Algorithm", "") for method in children(of_key, f"{XENC11}MGF")]
    algorithm, wrapping = of_data.get("Algorithm", ""), of_key.get("Algorithm", "")
    known = algorithm in _GCM | _CBC and wrapping in _OAEP and not masks
    if not known or len(digests) > 1 or digests[0] not in _DIGESTS:
        received = ", ".join([algorithm, wrapping, *digests, *masks])
        return reject(Name.ENCRYPTION_ALGORITHM, expected="AES-GCM or AES-CBC, under RSA-OAEP", received=received)
    (value,), (wrapped_key,) = _values(data), _values(key)
    return Ciphers(algorithm, text(value), text(wrapped_key), _DIGESTS[digests[0]])


def _values(element: Element) -> list[Element]:
    return descend(element, f"{XENC}CipherData", f"{XENC}CipherValue")


def _shape(expected: str, element: Element) -> Rejection:
    received = ", ".join(str(child.tag).rpartition("}")[2] for child in element)
    return reject(Name.ENCRYPTION_SHAPE, expected=expected, received=received)
