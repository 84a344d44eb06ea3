"""The HTTP-Redirect binding (SAML bindings 3.4): messages in a query, signed as the octets that were sent.

Written here and not left to python3-saml, which takes the query apart and escapes it anew before it verifies (so that a
provider with other habits than its own, such as ADFS, needs a switch), inflates without a limit, and reads a message
before it knows who sent it.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from lxml import etree

from app.rules.connections import OwnKey
from app.rules.identity import Rejection
from saml.certificates import load_private_key
from saml.documents import Element
from saml.logout_rejections import Name, reject

REQUEST, RESPONSE = "SAMLRequest", "SAMLResponse"
#: A logout with its signature takes about 2 kB; web servers stop at 4 or 8 kB of query.
LONGEST_QUERY = 16_000
LONGEST_XML = 64 * 1024

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_RSA_SHA256 = f"{_MORE}rsa-sha256"
_HASHES: Mapping[str, HashAlgorithm] = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}
_METHODS = {f"{_MORE}{key}-{digest}": (key, _HASHES[digest]) for key in ("rsa", "ecdsa") for digest in _HASHES}
_NAMES = (REQUEST, RESPONSE, "RelayState", "SigAlg", "Signature")


def redirect_url(url: str, name: str, message: Element, *, relay_state: str, key: OwnKey | None) -> str:
    """Where to send the browser with a message; `url` may have a query of its own.

    With `key` the message is signed (RSA-SHA256), in the query as this binding wants it (SAML bindings 3.4.4.1).
    """
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    encoded = base64.b64encode(deflate.compress(etree.tostring(message)) + deflate.flush()).decode()
    query = urlencode({name: encoded, **({"RelayState": relay_state} if relay_state else {})})
    if key is not None:
        query += "&" + urlencode({"SigAlg": _RSA_SHA256})
        signature = load_private_key(key).sign(query.encode(), PKCS1v15(), SHA256())
        query += "&" + urlencode({"Signature": base64.b64encode(signature).decode()})
    return f"{url}{'&' if '?' in url else '?'}{query}"


@dataclass(frozen=True, slots=True)
class Query:
    """A message as it came, with every parameter still escaped. Nothing of it is trusted or even read."""

    name: str
    parameters: Mapping[str, str]

    @property
    def relay_state(self) -> str:
        """What the sender wants back."""
        return unquote_plus(self.parameters.get("RelayState", ""))

    @property
    def signed(self) -> bytes:
        """What the signature covers: these parameters in this order, escaped as the sender has escaped them."""
        names = (name for name in (self.name, "RelayState", "SigAlg") if name in self.parameters)
        return "&".join(f"{name}={self.parameters[name]}" for name in names).encode("latin-1")


def read_query(query: bytes) -> Query | Rejection:
    """The parameters of one message. `query` is as it stood in the URL. Checks nothing but their number and length."""
    if len(query) > LONGEST_QUERY:
        return reject(Name.TOO_LARGE, expected=f"{LONGEST_QUERY} characters", received=str(len(query)))
    found: dict[str, str] = {}
    for part in query.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        if name in found:
            return reject(Name.PARAMETER_REPEATED, expected="every parameter once", received=name)
        if name in _NAMES:
            found[name] = value
    messages = [name for name in (REQUEST, RESPONSE) if found.get(name)]
    if len(messages) != 1:
        return reject(Name.MESSAGE_MISSING, expected=f"{REQUEST} or {RESPONSE}", received=", ".join(messages))
    return Query(messages[0], found)


def verified_xml(query: Query, *, certificates: Iterable[str]) -> bytes | Rejection:
    """The message, once it is known to be signed by a key of one of `certificates` (base64 of DER).

    Nothing is inflated for whoever cannot sign.
    """
    if not query.parameters.get("Signature") or not query.parameters.get("SigAlg"):
        return reject(Name.UNSIGNED, expected="SigAlg and Signature")
    method = unquote_plus(query.parameters["SigAlg"])
    if method not in _METHODS:
        return reject(Name.SIGNATURE_ALGORITHM, expected="RSA or ECDSA with SHA-256 or better", received=method)
    try:
        signature = _base64(query.parameters["Signature"])
    except ValueError as error:
        return reject(Name.SIGNATURE_INVALID, expected="base64", received=str(error))
    if not any(_verifies(signature, query.signed, method=method, certificate=der) for der in certificates):
        return reject(Name.SIGNATURE_INVALID, expected="a signature by a certificate of the connection")
    return _inflated(query.parameters[query.name])


def _verifies(signature: bytes, signed: bytes, *, method: str, certificate: str) -> bool:
    key = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
    wanted, digest = _METHODS[method]
    try:
        if isinstance(key, rsa.RSAPublicKey) and wanted == "rsa":
            key.verify(signature, signed, PKCS1v15(), digest)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and wanted == "ecdsa":
            key.verify(_der(signature), signed, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        pass
    return False


def _der(signature: bytes) -> bytes:
    """The two numbers of an ECDSA signature, which XML Signature puts one behind the other (RFC 4050, section 3.3)."""
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def _inflated(escaped: str) -> bytes | Rejection:
    try:
        inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        xml = inflate.decompress(_base64(escaped), LONGEST_XML + 1)
    except (ValueError, zlib.error) as error:
        return reject(Name.NOT_DEFLATED, expected="base64 of DEFLATE", received=str(error))
    if len(xml) > LONGEST_XML:
        return reject(Name.TOO_LARGE, expected=f"{LONGEST_XML} bytes", received="more")
    if not inflate.eof or inflate.unused_data:
        return reject(Name.NOT_DEFLATED, expected="all of it and nothing more", received="too little or too much")
    return xml


def _base64(escaped: str) -> bytes:
    """Raises ValueError for what is not base64; line breaks are allowed."""
    return binascii.a2b_base64(unquote_plus(escaped).translate(_LINE_BREAKS), strict_mode=True)


_LINE_BREAKS = {ord("\r"): None, ord("\n"): None}
