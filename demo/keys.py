"""The keys of the identity provider: the one that it publishes, and another one, with which it signs when broken."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_CERTIFICATE_LASTS = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key (PEM) and its certificate (DER in base64, as metadata carries it)."""

    name: str
    private: bytes = field(repr=False)
    certificate: str


@dataclass
class Keys:
    """`published` always stands in the metadata; `broken`: something else signs, as after a botched renewal."""

    published: KeyPair = field(default_factory=lambda: make_pair("demo"))
    unpublished: KeyPair = field(default_factory=lambda: make_pair("demo-renewed"))
    broken: bool = False

    @property
    def signing(self) -> KeyPair:
        return self.unpublished if self.broken else self.published


def make_pair(name: str) -> KeyPair:
    """A new RSA key with a certificate of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _CERTIFICATE_LASTS)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return KeyPair(name, private, base64.b64encode(der).decode())
