"""Ports: the one value that carries clock, randomness, DNS, HTTP, mail and sealing to the services."""

from __future__ import annotations

from dataclasses import dataclass

from app.ports.clock import Clock
from app.ports.dns import Dns
from app.ports.http import Http
from app.ports.key_pairs import KeyPairs
from app.ports.mail import Post
from app.ports.randomness import Randomness
from app.ports.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Ports:
    clock: Clock
    randomness: Randomness
    dns: Dns
    http: Http
    post: Post
    sealing: Sealing
    key_pairs: KeyPairs
    base_url: str
