"""Userinfo: claims that a provider leaves out of the ID token, believed only for the subject of that token."""

from __future__ import annotations

from typing import Any

from app.ports.http import Http, HttpAnswer, HttpFailedError
from oidc.rejections import Name, RejectedError
from oidc.strict_json import read_object


def fetch_userinfo(url: str, *, access_token: str, subject: str, http: Http) -> dict[str, Any]:
    """Ask the userinfo endpoint (OpenID Connect Core 1.0, section 5.3). Raises RejectedError."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {access_token}"}
    try:
        answer = http.get(url, headers=headers)
    except HttpFailedError as error:
        raise RejectedError(Name.PROVIDER_UNREACHABLE, expected=f"an answer from {url}", received=str(error)) from error
    claims = _read_claims(answer)
    # Section 5.3.2: without this, another person's claims could be put under this person's token.
    if claims.get("sub") != subject:
        expected = "the subject of the ID token"
        raise RejectedError(Name.USERINFO_SUBJECT_WRONG, expected=expected, received="another subject or none")
    return claims


def _read_claims(answer: HttpAnswer) -> dict[str, Any]:
    if answer.status != 200:
        raise RejectedError(Name.USERINFO_REFUSED, expected="status 200", received=f"status {answer.status}")
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/jwt":
        raise RejectedError(Name.USERINFO_SIGNED, expected="application/json", received="application/jwt")
    try:
        return read_object(answer.body)
    except ValueError as error:
        raise RejectedError(Name.USERINFO_INVALID, expected="claims as a JSON object", received=str(error)) from error
