"""Signing certificates of an identity provider: read them, refuse weak keys, name them by fingerprint. And our own
keys.
"""

from __future__ import annotations

import base64
import textwrap
from datetime import UTC

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from app.rules.certificates import Certificate
from app.rules.connections import OwnKey

SMALLEST_RSA_KEY = 2048
#: Each one is tried on each signature.
MOST_CERTIFICATES = 10
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class BadCertificateError(Exception):
    """A certificate cannot be used; the message completes a sentence that begins with "the certificate"."""


def read_certificate(encoded: str) -> Certificate:
    """From base64 of DER, with any white space in it. Raises BadCertificateError."""
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode("".join(encoded.split()), validate=True))
        key, ends = certificate.public_key(), certificate.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise BadCertificateError("cannot be read: it is not base64 of an X.509 certificate") from error
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA_KEY:
            raise BadCertificateError(f"has an RSA key of {key.key_size} bits; at least {SMALLEST_RSA_KEY} are needed")
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise BadCertificateError("has a key that is neither RSA nor on the curves P-256, P-384, P-521")
    return Certificate(
        der=base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        fingerprint=certificate.fingerprint(SHA256()).hex(":").upper(),
        not_after=ends.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    )


def load_private_key(key: OwnKey) -> rsa.RSAPrivateKey:
    """One of our own, for signing and decrypting."""
    # Its numbers are not proven again, which would take 36 ms: it was made here and opened from its seal.
    private = load_pem_private_key(key.private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private, rsa.RSAPrivateKey)
    return private


def split_pem(pasted: str) -> list[str]:
    """What stands between the BEGIN and END lines of each certificate; all of it when there are no such lines."""
    _, *blocks = pasted.split(_BEGIN)
    return [block.partition(_END)[0] for block in blocks] or [pasted]


def pem(der: str) -> str:
    """PEM of base64 DER, as python3-saml takes it."""
    return "\n".join([_BEGIN, *textwrap.wrap(der, 64), _END])
