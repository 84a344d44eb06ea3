"""What a verified ID token has to say: from this issuer, for this client, now, and for this one sign-in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc.errors import ClaimError

from app.rules.connections import Flow
from app.rules.identity_providers import Provider, provider_of
from oidc.claims import check_shapes
from oidc.providers import accepted_issuers
from oidc.rejections import Name, RejectedError, shown
from oidc.signature import SignedToken

#: How old an ID token may be: it is made when the code is exchanged, which is now.
MAX_AGE = timedelta(minutes=10)

# What authlib finds wrong, by claim. It compares; the table of oidc.claims has seen to types and absence before.
_REJECTIONS = {
    "iss": Name.ISSUER_WRONG,
    "aud": Name.AUDIENCE_WRONG,
    "azp": Name.AUTHORIZED_PARTY_WRONG,
    "exp": Name.ID_TOKEN_EXPIRED,
    "nbf": Name.ID_TOKEN_NOT_YET_VALID,
    "iat": Name.ID_TOKEN_NOT_YET_VALID,
    "nonce": Name.NONCE_WRONG,
    "at_hash": Name.ACCESS_TOKEN_HASH_WRONG,
}

# These ignore max_age and leave auth_time out; that they were asked is all that a test sign-in can have from them.
_SILENT_ABOUT_AUTH_TIME = frozenset({Provider.ENTRA, Provider.GOOGLE})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one ID token is compared with. `skew` is how far the two clocks may be apart, for every time in it."""

    issuer: str
    client_id: str
    flow: Flow
    access_token: str
    now: datetime
    skew: timedelta


@dataclass(frozen=True, slots=True)
class IdToken:
    """Claims after every check, with what remembers the token so that it counts once."""

    claims: dict[str, Any]
    replay_key: str
    replay_until: datetime
    authenticated_at: datetime | None


def check_id_token(token: SignedToken, expected: Expectation) -> IdToken:
    """OpenID Connect Core 1.0, section 3.1.3.7, and what it leaves open. Raises RejectedError."""
    # 1. every claim of the table has its shape, the required ones are there
    check_shapes(token.claims)
    # 2. issuer, audience, authorized party, expiry, times, nonce, access token hash
    _compare(token, expected)
    # 3. no audience beside us: whoever else may use the token could replay it here
    _check_sole_audience(token.claims["aud"], client_id=expected.client_id)
    # 4. made for this sign-in, not stored since
    made_at = _time(token.claims["iat"])
    if expected.now - made_at > MAX_AGE + expected.skew:
        raise RejectedError(
            Name.ID_TOKEN_TOO_OLD, expected=f"made within {MAX_AGE}", received=_apart(made_at, expected)
        )
    # 5. a test sign-in asked for the password again
    authenticated_at = _time(token.claims["auth_time"]) if "auth_time" in token.claims else None
    if expected.flow.authenticate_again:
        _check_fresh(authenticated_at, expected)
    expires_at = _time(token.claims["exp"])
    return IdToken(
        claims=token.claims,
        replay_key=_replay_key(token),
        replay_until=min(expires_at, made_at + MAX_AGE) + expected.skew,
        authenticated_at=authenticated_at,
    )


def _compare(token: SignedToken, expected: Expectation) -> None:
    claims = CodeIDToken(
        token.claims,
        {"alg": token.algorithm},
        options={
            "iss": {"essential": True, "values": sorted(accepted_issuers(expected.issuer))},
            "aud": {"essential": True, "value": expected.client_id},
        },
        params={
            "nonce": expected.flow.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    try:
        claims.validate(now=int(expected.now.timestamp()), leeway=int(expected.skew.total_seconds()))
    except ClaimError as error:
        raise _rejected(error.claim, token, expected) from error


def _rejected(claim: str, token: SignedToken, expected: Expectation) -> RejectedError:
    wanted = {"iss": expected.issuer, "aud": expected.client_id, "azp": expected.client_id}
    if claim in wanted:
        return RejectedError(_REJECTIONS[claim], expected=wanted[claim], received=shown(token.claims.get(claim)))
    if claim in {"exp", "nbf", "iat"}:
        word = "still valid" if claim == "exp" else "valid already"
        clock = f"{word}, give or take {expected.skew.total_seconds():.0f} s"
        return RejectedError(_REJECTIONS[claim], expected=clock, received=_apart(_time(token.claims[claim]), expected))
    # nonce and at_hash: the values mean nothing to a person and stay here
    return RejectedError(
        _REJECTIONS[claim], expected="the value that belongs to this sign-in", received="another value"
    )


def _check_sole_audience(audience: Any, *, client_id: str) -> None:
    others = [entry for entry in audience if entry != client_id] if isinstance(audience, list) else []
    if others:
        raise RejectedError(Name.AUDIENCE_WRONG, expected=f"{client_id} and nobody else", received=shown(others))


def _check_fresh(authenticated_at: datetime | None, expected: Expectation) -> None:
    if authenticated_at is None:
        if provider_of(expected.issuer) not in _SILENT_ABOUT_AUTH_TIME:
            raise RejectedError(Name.AUTHENTICATION_NOT_FRESH, expected="auth_time", received="nothing")
    elif authenticated_at < expected.flow.started_at - expected.skew:
        ago = (expected.flow.started_at - authenticated_at).total_seconds()
        raise RejectedError(
            Name.AUTHENTICATION_NOT_FRESH,
            expected="authenticated after the test began",
            received=f"authenticated {ago:.0f} s before",
        )


def _replay_key(token: SignedToken) -> str:
    """The token's id, or a digest of what is signed: an ECDSA signature can be respelled, what it covers cannot."""
    token_id = token.claims.get("jti")
    material = f"jti {token_id}" if token_id else f"jws {token.signing_input}"
    return hashlib.sha256(material.encode()).hexdigest()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _apart(moment: datetime, expected: Expectation) -> str:
    """How far a time lies from our clock: the measured skew, where that is the cause."""
    seconds = (moment - expected.now).total_seconds()
    return f"{abs(seconds):.0f} s {'after' if seconds > 0 else 'before'} this server's clock"
