"""The OpenID Connect half of the identity provider: authorization code with PKCE, for one client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from demo.keys import KeyPair, Keys
from demo.people import Person
from demo.saml_provider import UnknownRequestError

_LIFETIME_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Client:
    """The one relying party that this provider answers."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class _Grant:
    person: Person
    nonce: str
    challenge: str


@dataclass
class OidcProvider:
    """`issuer` is where it is; `client` is None until Doorward has been registered."""

    issuer: str
    keys: Keys
    client: Client | None = None
    _grants: dict[str, _Grant] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, section 3."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def published_keys(self) -> dict[str, Any]:
        """The key set (RFC 7517); the key that signs while the provider is broken is not in it."""
        pair = self.keys.published
        public = _key(pair).as_dict(private=False)
        return {"keys": [{**public, "kid": pair.name, "use": "sig", "alg": "RS256"}]}

    def check_request(self, query: Mapping[str, str]) -> None:
        """Whether this comes from the client that is known here. Raises UnknownRequestError."""
        known = self.client
        if known is None or (query.get("client_id"), query.get("redirect_uri")) != (
            known.client_id,
            known.redirect_uri,
        ):
            raise UnknownRequestError("This request is not from the Doorward that this provider belongs to.")
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            raise UnknownRequestError("This provider answers requests for a code, with PKCE and S256.")

    def grant(self, person: Person, query: Mapping[str, str]) -> str:
        """Where to send the browser of somebody who has said who they are. Raises UnknownRequestError."""
        self.check_request(query)
        code = secrets.token_urlsafe(32)
        self._grants[code] = _Grant(person, query.get("nonce", ""), query.get("code_challenge", ""))
        answer = {"code": code, "state": query.get("state", ""), "iss": self.issuer}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def redeem(self, form: Mapping[str, str], *, client_id: str, client_secret: str) -> dict[str, Any] | None:
        """The tokens for a code, once; None for whoever may not have them (RFC 6749, section 4.1.3; RFC 7636)."""
        known, granted = self.client, self._grants.pop(form.get("code", ""), None)
        if known is None or granted is None or form.get("redirect_uri") != known.redirect_uri:
            return None
        if client_id != known.client_id or not hmac.compare_digest(client_secret, known.client_secret):
            return None
        if _challenge(form.get("code_verifier", "")) != granted.challenge:
            return None
        return {
            "access_token": secrets.token_urlsafe(32),
            "token_type": "Bearer",
            "expires_in": _LIFETIME_SECONDS,
            "id_token": self._id_token(granted, audience=known.client_id),
        }

    def _id_token(self, granted: _Grant, *, audience: str) -> str:
        now, pair, person = int(time.time()), self.keys.signing, granted.person
        claims = {
            "iss": self.issuer,
            "sub": person.id,
            "aud": audience,
            "iat": now,
            "auth_time": now,
            "exp": now + _LIFETIME_SECONDS,
            "nonce": granted.nonce,
            "email": person.email,
            "email_verified": True,
            "given_name": person.first_name,
            "family_name": person.last_name,
            "name": person.name,
            "groups": sorted(person.memberships),
        }
        return jwt.encode({"alg": "RS256", "kid": pair.name, "typ": "JWT"}, claims, _key(pair))


def _key(pair: KeyPair) -> RSAKey:
    return RSAKey.import_key(pair.private)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
