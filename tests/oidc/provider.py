"""An OpenID provider that answers through the Http port, with everything it says open to one mutation."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from app.ports.http import HttpAnswer, HttpFailedError

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
ISSUER = "https://idp.example.test"
CLIENT_ID = "doorward-client"
CLIENT_SECRET = "a-secret_of.the~client"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def json_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


@functools.cache
def rsa_key(number: int = 1, *, bits: int = 2048) -> RSAKey:
    """A key made once in a run. The constructor, because importing a short one warns."""
    raw = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return RSAKey(raw, raw)


@functools.cache
def ec_key(curve: Any = "P-256") -> ECKey:
    return ECKey.generate_key(curve)


@functools.cache
def ed_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519")


def public(key: Key, **members: object) -> dict[str, Any]:
    """The JWK a provider publishes for `key`."""
    published: dict[str, Any] = dict(key.as_dict(private=False))
    published.pop("kid", None)  # a thumbprint that joserfc adds; providers choose their own
    return {**published, "use": "sig", **members}


def half_hash(access_token: str) -> str:
    return b64(hashlib.sha256(access_token.encode()).digest()[:16])


Sign = Callable[[str, bytes], bytes]


def signer(key: Key) -> Sign:
    return lambda algorithm, signing_input: JWSRegistry.algorithms[algorithm].sign(signing_input, key)


def hmac_signer(secret: bytes) -> Sign:
    return lambda _algorithm, signing_input: hmac.new(secret, signing_input, hashlib.sha256).digest()


def compact(header: object, payload: bytes, sign: Sign) -> str:
    """A compact JWS, whatever header and payload are."""
    signing_input = f"{b64(json_bytes(header))}.{b64(payload)}"
    algorithm = str(header.get("alg")) if isinstance(header, dict) else ""
    return f"{signing_input}.{b64(sign(algorithm, signing_input.encode()))}"


@dataclass
class Provider:
    """Answers GET and POST for one issuer. Change a field and it says that instead."""

    issuer: str = ISSUER
    discovery: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "k1", "typ": "JWT"})
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Sign = field(default_factory=lambda: signer(rsa_key()))
    tokens: dict[str, Any] = field(default_factory=lambda: {"access_token": "at-1", "token_type": "Bearer"})
    userinfo: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, HttpAnswer | HttpFailedError] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.discovery = {
            "issuer": self.issuer,
            "authorization_endpoint": "https://idp.example.test/authorize",
            "token_endpoint": "https://idp.example.test/token",
            "jwks_uri": "https://idp.example.test/jwks",
            "userinfo_endpoint": "https://idp.example.test/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }
        self.keys = [public(rsa_key(), kid="k1", alg="RS256")]
        moment = int(NOW.timestamp())
        self.claims = {
            "iss": self.issuer,
            "sub": "u-1",
            "aud": CLIENT_ID,
            "exp": moment + 300,
            "iat": moment,
            "auth_time": moment - 60,
            "nonce": "nonce-1",
            "at_hash": half_hash("at-1"),
            "email": "Ada@Acme.test",
            "email_verified": True,
            "name": "Ada Lovelace",
            "groups": ["eng", "admins"],
        }
        self.userinfo = {"sub": "u-1"}

    def id_token(self) -> str:
        return compact(self.header, json_bytes(self.claims), self.sign)

    def calls(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(urlsplit(url).path == path for _, url, _, _ in self.seen)

    # the Http port

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self._answer("GET", url, {}, headers)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self._answer("POST", url, fields, headers)

    def _answer(
        self, method: str, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None
    ) -> HttpAnswer:
        self.seen.append((method, url, dict(fields), dict(headers or {})))
        path = urlsplit(url).path
        chosen = self.answers.get(path) or self._usual(path)
        if isinstance(chosen, HttpFailedError):
            raise chosen
        return chosen

    def _usual(self, path: str) -> HttpAnswer:
        if path.endswith("/.well-known/openid-configuration"):
            return answer_json(self.discovery)
        if path == "/jwks":
            return answer_json({"keys": self.keys})
        if path == "/token":
            return answer_json({"id_token": self.id_token(), **self.tokens})
        if path == "/userinfo":
            return answer_json(self.userinfo)
        return HttpAnswer(404, {}, b"")


def answer_json(value: object, *, status: int = 200, kind: str = "application/json") -> HttpAnswer:
    return HttpAnswer(status, {"content-type": kind}, json_bytes(value))


class MemoryCache:
    """A DocumentCache whose rows all workers of one test share."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, datetime]] = {}

    def get(self, key: str) -> tuple[str, datetime] | None:
        return self.rows.get(key)

    def put(self, key: str, text: str, fetched_at: datetime) -> None:
        self.rows[key] = (text, fetched_at)


@dataclass
class SetClock:
    """Shows the time it was set to."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time
