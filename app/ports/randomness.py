"""Randomness: identifiers, tokens and codes that nobody can guess."""

from __future__ import annotations

import base64
import secrets
import threading
import time
import uuid
from typing import Protocol

from app.rules.ids import RANDOM_BITS, Prefix, make_id

_KEY_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class Randomness(Protocol):
    def id(self, prefix: Prefix) -> str:
        """A fresh identifier that sorts by the time it was made."""
        ...

    def uuid(self) -> str:
        """A fresh random UUID, as SCIM ids are."""
        ...

    def token(self) -> str:
        """256 bits, URL-safe."""
        ...

    def digits(self, count: int) -> str:
        """A code of `count` decimal digits, each equally likely."""
        ...

    def authenticator_secret(self) -> str:
        """160 bits in base32, as authenticator apps take them (RFC 4226, 4)."""
        ...

    def key(self, length: int) -> str:
        """Lower-case letters and digits, no underscore: fit for a path segment."""
        ...


class SystemRandomness:
    """The operating system's random source.

    Identifiers of one process only ever grow, so that what is written in one transaction also reads in that order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0

    def id(self, prefix: Prefix) -> str:
        number = (time.time_ns() // 1_000_000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
        with self._lock:
            self._latest = max(number, self._latest + 1)
            return make_id(prefix, self._latest)

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def authenticator_secret(self) -> str:
        return base64.b32encode(secrets.token_bytes(20)).decode()

    def key(self, length: int) -> str:
        return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(length))
