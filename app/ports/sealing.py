"""Sealing: secrets encrypted at rest and bound to their place, tokens and codes kept as digests, constant-time
comparison.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.rules.audit_chain import Genuine, Seal

_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class SealBrokenError(Exception):
    """A sealed value was changed, moved to another place, or sealed with a key that is no longer configured."""


class Sealing(Protocol):
    @property
    def key_ids(self) -> tuple[str, ...]:
        """What the configured keys are known by, the first one first."""
        ...

    def key_of(self, sealed: str) -> str:
        """The id of the key that a sealed value says it was made with; "" for what is no sealed value."""
        ...

    def seal(self, text: str, *, place: str) -> str:
        """Encrypt `text` so that it opens only under the same `place` (for example
        `connection_revisions/rev_x/secrets`).
        """
        ...

    def unseal(self, sealed: str, *, place: str) -> str:
        """The text again. Raises SealBrokenError."""
        ...

    def digest(self, token: str) -> str:
        """SHA-256 of a secret with at least 128 bits of its own, as 64 hex digits."""
        ...

    def code_digests(self, code: str, *, place: str) -> tuple[str, ...]:
        """HMAC-SHA256 of a short code under each configured key, newest first: store the first, accept any."""
        ...

    def attest(self, text: str) -> Seal:
        """HMAC-SHA256 of an audit digest under the first configured key, with the id of that key."""
        ...

    def attested(self, text: str, seal: Seal) -> Genuine:
        """Whether one of the configured keys made this seal of this text, in constant time."""
        ...

    def same(self, left: str, right: str) -> bool:
        """Whether two strings are equal, in constant time."""
        ...


class KeyringSealing:
    """AES-256-GCM and HMAC-SHA256 with keys derived from the configured ones: the first seals, all open.

    GCM's associated data is the place, so that a sealed value cannot be copied from one row to another.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise ValueError("sealing needs at least one secret key")
        self.key_ids = tuple(dict.fromkeys(map(_key_id, secret_keys)))
        self._ciphers = [(bytes.fromhex(_key_id(key)), AESGCM(_derive(key, b"seal"))) for key in secret_keys]
        self._code_keys = [_derive(key, b"code") for key in secret_keys]
        self._audit_keys = {_key_id(key): _derive(key, b"audit") for key in reversed(secret_keys)}

    def key_of(self, sealed: str) -> str:
        try:
            return base64.urlsafe_b64decode(sealed)[:_KEY_ID_BYTES].hex()
        except ValueError:
            return ""

    def seal(self, text: str, *, place: str) -> str:
        key_id, cipher = self._ciphers[0]
        nonce = os.urandom(_NONCE_BYTES)
        return base64.urlsafe_b64encode(key_id + nonce + cipher.encrypt(nonce, text.encode(), place.encode())).decode()

    def unseal(self, sealed: str, *, place: str) -> str:
        try:
            raw = base64.urlsafe_b64decode(sealed)
        except ValueError as error:
            raise SealBrokenError(f"what is at {place} is no sealed value") from error
        key_id, nonce, body = raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES], raw[16:]
        for candidate, cipher in self._ciphers:
            if candidate != key_id:
                continue
            try:
                return cipher.decrypt(nonce, body, place.encode()).decode()
            except InvalidTag as error:
                raise SealBrokenError(f"sealed value at {place} does not open") from error
        raise SealBrokenError(f"sealed value at {place} was made with a key that is not configured")

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    def code_digests(self, code: str, *, place: str) -> tuple[str, ...]:
        message = f"{place}\0{code}".encode()
        return tuple(hmac.new(key, message, hashlib.sha256).hexdigest() for key in self._code_keys)

    def attest(self, text: str) -> Seal:
        return Seal(self.key_ids[0], _hmac(self._audit_keys[self.key_ids[0]], text))

    def attested(self, text: str, seal: Seal) -> Genuine:
        key = self._audit_keys.get(seal.key_id)
        if key is None:
            return Genuine.UNKNOWN_KEY
        return Genuine.YES if self.same(_hmac(key, text), seal.value) else Genuine.NO

    def same(self, left: str, right: str) -> bool:
        return hmac.compare_digest(left.encode(), right.encode())


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"doorward/" + purpose).derive(key.encode())


def _key_id(key: str) -> str:
    """What a key is known by: enough to find it again, nothing to find it out by."""
    return hashlib.sha256(key.encode()).digest()[:_KEY_ID_BYTES].hex()


def _hmac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
