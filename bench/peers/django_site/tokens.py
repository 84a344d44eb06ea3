"""Authentication by bearer token: one query by its digest, as the middleware before django-scim2's own check."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from bench.peers.django_site.models import Token


@dataclass(frozen=True)
class Directory:
    """Who pushes."""

    is_authenticated: bool = True


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


class BearerTokens:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        known = Token.objects.filter(digest=digest(token)).exists()
        request.user = Directory() if known else AnonymousUser()
        return self._get_response(request)
