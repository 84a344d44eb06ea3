"""What a logout token has to say (OpenID Connect Back-Channel Logout 1.0, section 2.6) to end sessions here."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.rules.connections import Revision
from app.rules.identity import Rejection
from app.rules.logout import EndedThere
from oidc.claims import is_plain_text, is_time
from oidc.discovery import Documents
from oidc.id_token import MAX_AGE
from oidc.providers import accepted_issuers
from oidc.reasons import rejection
from oidc.rejections import Name, RejectedError, shown
from oidc.settings import OidcSettings
from oidc.signature import SignedToken, verify_signature

LONGEST_TOKEN = 16_000
_EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: JWT says nothing of what a token is for (RFC 7519, section 5.1); what an ID token must not have and a logout token
#: must is looked at below.
_TYPES = frozenset({"logout+jwt", "application/logout+jwt", "jwt"})
_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class BackChannel:
    """Verifies one logout token. `skew` is how far the provider's clock may be from ours."""

    documents: Documents
    skew: timedelta

    def verify(self, form: Iterable[tuple[str, str]], *, revision: Revision, now: datetime) -> EndedThere | Rejection:
        """Whose sessions have ended, or why that is not believed. May fetch keys: call it outside any transaction."""
        settings = OidcSettings.stored(revision.settings)
        try:
            return self._verify(_read_token(form), settings=settings, now=now)
        except RejectedError as error:
            return rejection(error, issuer=settings.issuer)

    def _verify(self, token: str, *, settings: OidcSettings, now: datetime) -> EndedThere:
        # 1. the signature: the same keys and algorithms as for ID tokens
        jwks_uri = self.documents.discovery(settings.issuer, now=now).jwks_uri
        signed = verify_signature(
            token, documents=self.documents, jwks_uri=jwks_uri, now=now, malformed=Name.LOGOUT_TOKEN_MALFORMED
        )
        _check_type(signed)
        # 2. from this issuer, for us and nobody else
        _check_parties(signed.claims, settings)
        # 3. made now, and to be used once
        issued = self._check_times(signed.claims, now=now)
        token_id = signed.claims.get("jti")
        if not is_plain_text(token_id):
            raise RejectedError(Name.LOGOUT_ID_MISSING, expected="jti", received=shown(token_id))
        # 4. a logout token and nothing else, such as an ID token
        _check_purpose(signed.claims)
        # 5. whose sessions
        subject, session = _check_named(signed.claims)
        return EndedThere(
            issuer=settings.issuer,
            subject=subject,
            indexes=frozenset({session} if session is not None else ()),
            replay_key=hashlib.sha256(f"logout {token_id}".encode()).hexdigest(),
            replay_until=issued + MAX_AGE + self.skew,
        )

    def _check_times(self, claims: Mapping[str, Any], *, now: datetime) -> datetime:
        for name in ("iat", "exp"):
            if not is_time(claims.get(name)):
                raise RejectedError(Name.LOGOUT_TIME_MISSING, expected=name, received=shown(claims.get(name)))
        issued, ends = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
        clock = f"{now.isoformat(timespec='seconds')}, give or take {self.skew.total_seconds():.0f} s"
        if issued > now + self.skew:
            raise RejectedError(Name.LOGOUT_NOT_YET_VALID, expected=clock, received=f"iat {issued.isoformat()}")
        if ends <= now - self.skew:
            raise RejectedError(Name.LOGOUT_EXPIRED, expected=clock, received=f"exp {ends.isoformat()}")
        if issued <= now - self.skew - MAX_AGE:
            raise RejectedError(Name.LOGOUT_TOO_OLD, expected=clock, received=f"iat {issued.isoformat()}")
        return issued


def _read_token(form: Iterable[tuple[str, str]]) -> str:
    received = list(form)
    counts = Counter(name for name, _ in received)
    token = dict(received).get("logout_token", "")
    if counts["logout_token"] != 1 or not token or len(token) > LONGEST_TOKEN:
        said = f"{counts['logout_token']}, of {len(token)} characters"
        raise RejectedError(Name.LOGOUT_TOKEN_MISSING, expected="one logout_token", received=said)
    return token


def _check_type(signed: SignedToken) -> None:
    if signed.type is not None and signed.type.lower() not in _TYPES:
        raise RejectedError(Name.LOGOUT_TYPE_WRONG, expected="typ logout+jwt", received=shown(signed.type))


def _check_parties(claims: Mapping[str, Any], settings: OidcSettings) -> None:
    issuer, audience = claims.get("iss"), claims.get("aud")
    if not isinstance(issuer, str) or issuer not in accepted_issuers(settings.issuer):
        raise RejectedError(Name.LOGOUT_ISSUER_WRONG, expected=settings.issuer, received=shown(issuer))
    if audience not in (settings.client_id, [settings.client_id]):
        raise RejectedError(Name.LOGOUT_AUDIENCE_WRONG, expected=settings.client_id, received=shown(audience))


def _check_purpose(claims: Mapping[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise RejectedError(Name.LOGOUT_EVENT_MISSING, expected=f"events with {_EVENT}", received=shown(events))
    if "nonce" in claims:
        raise RejectedError(Name.LOGOUT_NONCE_PRESENT, expected="no nonce", received="a nonce")


def _check_named(claims: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Subject and session; one of them is enough."""
    named = {name: claims[name] for name in ("sub", "sid") if name in claims}
    if not named or not all(is_plain_text(value, longest=_LONGEST_ID) for value in named.values()):
        raise RejectedError(Name.LOGOUT_NAMES_NOBODY, expected="sub, sid or both", received=shown(named))
    return named.get("sub"), named.get("sid")
