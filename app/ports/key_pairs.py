"""Key pairs: the RSA keys with which an organization signs and decrypts, each with a certificate of its own making."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

# 4096 bits would take a second to make, in a transaction that others wait for, and some providers refuse more than
# 2048.
_BITS = 2048
_LIFETIME = timedelta(days=3653)
_EARLIER = timedelta(days=1)  # a provider whose clock is behind shall not find it from the future


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`certificate` is base64 of DER in one line, `private_key` PEM of PKCS 8."""

    certificate: str
    private_key: str = field(repr=False)
    expires_at: datetime


class KeyPairs(Protocol):
    def make(self, *, name: str, now: datetime) -> KeyPair:
        """A fresh pair, certified by itself for `name` from now on."""
        ...


class SystemKeyPairs:
    """RSA with 2048 bits, for ten years. Providers compare the key, not who certified it."""

    def make(self, *, name: str, now: datetime) -> KeyPair:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        ends = (now + _LIFETIME).replace(microsecond=0)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(ends)
            .sign(key, SHA256())
        )
        return KeyPair(
            certificate=base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
            private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            expires_at=ends,
        )
