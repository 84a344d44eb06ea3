"""A provider's published keys: which of them may verify an ID token, and which are never used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.util import base64_to_int

from oidc.rejections import Name, RejectedError
from oidc.strict_json import read_object

#: Fixed here whatever a provider announces: an algorithm and the key type and curve that it takes.
ALGORITHMS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {"RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
)

_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}  # `oct` is no published key
_LEAST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192  # verifying with a giant key is work that the other side chooses
_MOST_KEYS = 100


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One public key meant for signatures. `numbers` holds only what its type defines, never a private part."""

    key_id: str | None
    key_type: str
    curve: str | None
    algorithm: str | None
    numbers: Mapping[str, str]

    def fits(self, algorithm: str) -> bool:
        """Whether a token signed with this algorithm may be verified with this key."""
        return ALGORITHMS[algorithm] == (self.key_type, self.curve) and self.algorithm in {None, algorithm}

    @property
    def is_weak(self) -> bool:
        """Whether this is an RSA key that is too short to be trusted (or absurdly long)."""
        if self.key_type != "RSA":
            return False
        return not _LEAST_RSA_BITS <= base64_to_int(self.numbers["n"]).bit_length() <= _MOST_RSA_BITS

    def load(self) -> Key:
        """The key as joserfc takes it."""
        return JWKRegistry.import_key({"kty": self.key_type, **self.numbers})


def read_keys(text: str | bytes) -> tuple[PublishedKey, ...]:
    """The signing keys of a JWK Set (RFC 7517). Keys of other types or uses are passed over, as the RFC asks.

    Raises RejectedError(keys_invalid) when it is no key set or nothing usable is in it.
    """
    try:
        entries = read_object(text).get("keys")
    except ValueError as error:
        raise RejectedError(Name.KEYS_INVALID, expected="a JSON Web Key Set", received=str(error)) from error
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        raise RejectedError(Name.KEYS_INVALID, expected=f"a list of at most {_MOST_KEYS} keys")
    keys = tuple(key for key in map(_read_key, entries) if key is not None)
    if not keys:
        raise RejectedError(Name.KEYS_INVALID, expected="an RSA, P-256 or Ed25519 signing key", received="none")
    return keys


def _read_key(entry: Any) -> PublishedKey | None:
    if not isinstance(entry, dict) or not _is_for_signatures(entry):
        return None
    texts = {name: entry.get(name) for name in ("kty", "kid", "crv", "alg")}
    if not all(text is None or isinstance(text, str) for text in texts.values()) or texts["kty"] not in _MEMBERS:
        return None
    members = _MEMBERS[texts["kty"]]
    numbers = {member: entry[member] for member in members if isinstance(entry.get(member), str)}
    if len(numbers) != len(members):
        return None
    key = PublishedKey(
        key_id=texts["kid"], key_type=texts["kty"], curve=texts["crv"], algorithm=texts["alg"], numbers=numbers
    )
    return key if _is_usable(key) else None


def _is_for_signatures(entry: Mapping[str, Any]) -> bool:
    """Whether the key may verify, and is public: a published private key proves nothing."""
    operations = entry.get("key_ops", ["verify"])
    may_verify = isinstance(operations, list) and "verify" in operations
    return may_verify and entry.get("use", "sig") == "sig" and "d" not in entry


def _is_usable(key: PublishedKey) -> bool:
    """Whether the key can be loaded; a weak one counts, so that a token signed with it is refused by that name."""
    if (key.key_type, key.curve) not in ALGORITHMS.values():
        return False
    try:
        return key.is_weak or bool(key.load())
    except (JoseError, ValueError):
        return False
