"""The code for tokens: one form post to the token endpoint, and what may go wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from authlib.oauth2.auth import ClientAuth

from app.ports.http import Http, HttpAnswer, HttpFailedError
from oidc.discovery import Discovery
from oidc.rejections import Name, RejectedError, shown
from oidc.strict_json import read_object

_SENDABLE = re.compile(r"[\x21-\x7e]+")  # what an Authorization header can carry
_ERRORS = {
    "invalid_client": Name.CLIENT_REFUSED,
    "invalid_request": Name.REQUEST_REFUSED,
    "unauthorized_client": Name.REQUEST_REFUSED,
    "unsupported_grant_type": Name.REQUEST_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Both are present and are text. Neither is kept longer than the sign-in takes."""

    access_token: str
    id_token: str


@dataclass(frozen=True, slots=True)
class Client:
    """How this relying party is known to the provider."""

    client_id: str
    client_secret: str
    redirect_uri: str


def exchange_code(code: str, *, verifier: str, client: Client, discovery: Discovery, http: Http) -> Tokens:
    """Exchange an authorization code (RFC 6749, section 4.1.3; RFC 7636, section 4.5). Raises RejectedError."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    own_fields, headers = _authentication(client, discovery)
    headers["Accept"] = "application/json"
    try:
        answer = http.post_form(discovery.token_endpoint, {**fields, **own_fields}, headers=headers)
    except HttpFailedError as error:
        expected = f"an answer from {discovery.token_endpoint}"
        raise RejectedError(Name.PROVIDER_UNREACHABLE, expected=expected, received=str(error)) from error
    return _read_tokens(answer)


def _authentication(client: Client, discovery: Discovery) -> tuple[dict[str, str], dict[str, str]]:
    """Form fields and headers that prove who we are: client_secret_basic, the standard's default, or else _post."""
    if "client_secret_basic" not in discovery.token_auth_methods:
        return {"client_id": client.client_id, "client_secret": client.client_secret}, {}
    headers: dict[str, str] = {}
    # RFC 6749, section 2.3.1, form-encodes both values first; authlib does not.
    encoded = quote_plus(client.client_id), quote_plus(client.client_secret)
    authentication: Any = ClientAuth(*encoded, "client_secret_basic")  # Any: the published stubs leave prepare untyped
    authentication.prepare("POST", discovery.token_endpoint, headers, "")
    return {}, headers


def _read_tokens(answer: HttpAnswer) -> Tokens:
    try:
        received = read_object(answer.body)
    except ValueError as error:
        if answer.status == 200:
            expected = "tokens as a JSON object"
            raise RejectedError(Name.TOKEN_ANSWER_INVALID, expected=expected, received=str(error)) from error
        received = {}
    if answer.status != 200 or "error" in received:
        raise _refused(answer.status, received)
    return Tokens(access_token=_access_token(received), id_token=_id_token(received))


def _refused(status: int, received: Mapping[str, Any]) -> RejectedError:
    """RFC 6749, section 5.2. The description is the provider's own words, for the administrator."""
    error = shown(received.get("error", ""))
    said = f"status {status} {error} {shown(received.get('error_description', ''))}".rstrip()
    name = _ERRORS.get(error, Name.CODE_REFUSED)
    if status == 401:
        name = Name.CLIENT_REFUSED
    elif status >= 500:
        name = Name.PROVIDER_UNAVAILABLE
    return RejectedError(name, expected="tokens for the code", received=said)


def _access_token(received: Mapping[str, Any]) -> str:
    token, kind = received.get("access_token"), received.get("token_type")
    if not isinstance(token, str) or not _SENDABLE.fullmatch(token):
        raise RejectedError(Name.TOKEN_ANSWER_INVALID, expected="an access token", received="none that can be used")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise RejectedError(Name.TOKEN_ANSWER_INVALID, expected="token_type Bearer", received=shown(kind))
    return token


def _id_token(received: Mapping[str, Any]) -> str:
    token = received.get("id_token")
    if not isinstance(token, str) or not token:
        raise RejectedError(Name.ID_TOKEN_MISSING, expected="an id_token", received="none")
    return token
