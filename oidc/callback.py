"""The way back from the provider: code, state, nonce and PKCE become an ExternalIdentity or a named rejection."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.ports.http import Http
from app.rules.connections import Flow, Revision
from app.rules.identity import ExternalIdentity, ProviderSession, Rejection
from oidc.claims import OF_THE_TOKEN, is_plain_text
from oidc.discovery import Discovery, Documents
from oidc.end_session import provider_session
from oidc.exchange import Client, exchange_code
from oidc.id_token import Expectation, IdToken, check_id_token
from oidc.profile import (
    Claims,
    check_hosted_domain,
    has_overage,
    read_email,
    read_groups,
    read_name,
    says_verified,
    stable_key,
)
from oidc.reasons import rejection
from oidc.rejections import Name, RejectedError, shown
from oidc.settings import OidcSettings
from oidc.signature import verify_signature
from oidc.userinfo import fetch_userinfo

_ERRORS = {
    "access_denied": Name.ACCESS_DENIED,
    "login_required": Name.INTERACTION_REQUIRED,
    "interaction_required": Name.INTERACTION_REQUIRED,
    "consent_required": Name.INTERACTION_REQUIRED,
    "account_selection_required": Name.INTERACTION_REQUIRED,
    "invalid_scope": Name.SCOPE_REFUSED,
    "server_error": Name.PROVIDER_UNAVAILABLE,
    "temporarily_unavailable": Name.PROVIDER_UNAVAILABLE,
}
_LONGEST_CODE = 8000
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """What the browser brought back in the query of the redirect URI (RFC 6749, section 4.1.2; RFC 9207)."""

    state: str = ""
    code: str = ""
    issuer: str | None = None
    error: str = ""
    error_description: str = ""
    repeated: tuple[str, ...] = ()

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> AuthorizationAnswer:
        """From the decoded query. Unknown parameters are ignored (RFC 6749); a repeated state names no flow."""
        received = list(pairs)
        repeated = tuple(name for name, count in Counter(name for name, _ in received).items() if count > 1)
        values = dict(received)
        state = values.get("state", "")
        return cls(
            state=state if "state" not in repeated and state.isascii() and is_plain_text(state, longest=200) else "",
            code=values.get("code", ""),
            issuer=values.get("iss"),
            error=values.get("error", ""),
            error_description=values.get("error_description", ""),
            repeated=repeated,
        )


@dataclass(frozen=True, slots=True)
class Callback:
    """Verifies one answer. `skew` is how far the provider's clock may be from ours."""

    http: Http
    documents: Documents
    skew: timedelta

    def verify(
        self, answer: AuthorizationAnswer, *, redirect_uri: str, revision: Revision, flow: Flow, now: datetime
    ) -> ExternalIdentity | Rejection:
        """Who signed in, or why that is not accepted. Goes to the provider: call it outside any transaction."""
        settings = OidcSettings.stored(revision.settings)
        client = Client(settings.client_id, revision.secrets["client_secret"], redirect_uri)
        try:
            return self._verify(answer, client=client, settings=settings, revision=revision, flow=flow, now=now)
        except RejectedError as error:
            return rejection(error, issuer=settings.issuer)

    def _verify(
        self,
        answer: AuthorizationAnswer,
        *,
        client: Client,
        settings: OidcSettings,
        revision: Revision,
        flow: Flow,
        now: datetime,
    ) -> ExternalIdentity:
        discovery = self.documents.discovery(settings.issuer, now=now)
        # 1. the answer is this provider's and holds a code; before that nothing of it is sent anywhere
        _check_answer(answer, discovery)
        # 2. the code for tokens, with the PKCE verifier of this sign-in
        tokens = exchange_code(answer.code, verifier=flow.verifier, client=client, discovery=discovery, http=self.http)
        # 3. the ID token: signature, then what it says
        signed = verify_signature(tokens.id_token, documents=self.documents, jwks_uri=discovery.jwks_uri, now=now)
        expectation = Expectation(
            issuer=settings.issuer,
            client_id=settings.client_id,
            flow=flow,
            access_token=tokens.access_token,
            now=now,
            skew=self.skew,
        )
        id_token = check_id_token(signed, expectation)
        # 4. what the ID token leaves out, and who that is
        claims = self._complete(id_token, settings, discovery, access_token=tokens.access_token)
        session = provider_session(tokens.id_token, id_token.claims, settings=settings, discovery=discovery)
        return _identity(claims, id_token, settings=settings, verified_hosts=revision.verified_hosts, session=session)

    def _complete(
        self, id_token: IdToken, settings: OidcSettings, discovery: Discovery, *, access_token: str
    ) -> Claims:
        claims = Claims(id_token.claims)
        if discovery.userinfo_endpoint is None or not _is_incomplete(claims, settings):
            return claims
        subject = str(id_token.claims["sub"])
        try:
            userinfo = fetch_userinfo(
                discovery.userinfo_endpoint, access_token=access_token, subject=subject, http=self.http
            )
        except RejectedError as error:
            # Groups that could not be fetched are unknown, which changes nothing; an address is needed, and another
            # person's claims are never a mere failure.
            if error.name is Name.USERINFO_SUBJECT_WRONG or claims.get(settings.claims.email) is None:
                raise
            return claims
        return Claims(id_token.claims, userinfo)


def _check_answer(answer: AuthorizationAnswer, discovery: Discovery) -> None:
    # 1. every parameter once
    if answer.repeated:
        received = shown(", ".join(answer.repeated))
        raise RejectedError(Name.PARAMETER_REPEATED, expected="every parameter once", received=received)
    # 2. RFC 9207, before anything is believed: errors carry it too
    if answer.issuer is None and discovery.announces_iss:
        raise RejectedError(Name.ISSUER_PARAMETER_MISSING, expected=f"iss={discovery.issuer}", received="no iss")
    if answer.issuer is not None and answer.issuer != discovery.issuer:
        expected = f"iss={discovery.issuer}"
        raise RejectedError(Name.ISSUER_PARAMETER_WRONG, expected=expected, received=shown(answer.issuer))
    # 3. no error
    if answer.error:
        name = _ERRORS.get(answer.error, Name.REQUEST_REFUSED)
        raise RejectedError(
            name, expected="a code", received=shown(f"{answer.error} {answer.error_description}".strip())
        )
    # 4. a code
    if not answer.code or len(answer.code) > _LONGEST_CODE or not answer.code.isprintable():
        raise RejectedError(Name.CODE_MISSING, expected="a code", received="none that can be used")


def _is_incomplete(claims: Claims, settings: OidcSettings) -> bool:
    if claims.get(settings.claims.email) is None or says_verified(claims, settings) is None:
        return True
    return claims.get(settings.claims.groups) is None and not has_overage(claims, settings)


def _identity(
    claims: Claims,
    id_token: IdToken,
    *,
    settings: OidcSettings,
    verified_hosts: frozenset[str],
    session: ProviderSession,
) -> ExternalIdentity:
    subject = stable_key(claims, settings)
    check_hosted_domain(claims, settings, verified_hosts=verified_hosts)
    return ExternalIdentity(
        issuer=settings.issuer,
        subject=subject,
        email=read_email(claims, settings, verified_hosts=verified_hosts),
        name=read_name(claims, settings),
        groups=read_groups(claims, settings),
        replay_key=id_token.replay_key,
        replay_until=id_token.replay_until,
        authenticated_at=id_token.authenticated_at,
        session=session,
        received=_received(claims.merged),
    )


def _received(claims: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Claims as texts for the page of a test sign-in: printable and bounded, however much came."""
    return {
        shown(name): tuple(map(_as_text, value[:_MOST_SHOWN] if isinstance(value, list) else [value]))
        for name, value in list(claims.items())[:_MOST_SHOWN]
        if name not in OF_THE_TOKEN
    }


def _as_text(value: object) -> str:
    return shown(value if isinstance(value, str) else json.dumps(value))
