"""Signing out at the provider (OpenID Connect RP-Initiated Logout 1.0): what is kept for it, and the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.common.urls import add_params_to_uri

from app.rules.identity import ProviderSession
from oidc.claims import is_plain_text
from oidc.discovery import Discovery
from oidc.settings import OidcSettings

#: A longer ID token makes a URL that web servers refuse; without one the provider asks the person.
LONGEST_HINT = 6_000
_LONGEST_SID = 255


def provider_session(
    id_token: str, claims: Mapping[str, Any], *, settings: OidcSettings, discovery: Discovery
) -> ProviderSession:
    """What a logout names, and what the provider wants to see for one. Where it takes no logouts from us, its ID token
    is not kept.

    The endpoint is kept with it, so that signing out asks nobody anything first.
    """
    hint = {}
    if discovery.end_session_endpoint is not None:
        hint = {"end_session_endpoint": discovery.end_session_endpoint, "client_id": settings.client_id}
        if len(id_token) <= LONGEST_HINT:
            hint["id_token_hint"] = id_token
    session_id = claims.get("sid")
    return ProviderSession(
        issuer=settings.issuer,
        subject=str(claims["sub"]),
        index=str(session_id) if is_plain_text(session_id, longest=_LONGEST_SID) else None,
        hint=hint,
    )


def end_session_url(
    session: ProviderSession, settings: OidcSettings, *, post_logout_redirect_uri: str, state: str
) -> str | None:
    """Where to send the browser; None without an endpoint, and where the session was opened for another client."""
    client = session.hint.get("client_id")
    if session.issuer != settings.issuer or client != settings.client_id:
        return None
    parameters = {
        **{name: value for name, value in session.hint.items() if name != "end_session_endpoint"},
        "post_logout_redirect_uri": post_logout_redirect_uri,
        "state": state,
    }
    return str(add_params_to_uri(session.hint["end_session_endpoint"], list(parameters.items())))
