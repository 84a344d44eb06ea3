"""Issuer metadata and keys: fetched through the guarded client, checked, and kept in a cache that all workers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from app.ports.http import Http, HttpFailedError
from oidc.keys import ALGORITHMS, PublishedKey, read_keys
from oidc.rejections import Name, RejectedError, shown
from oidc.strict_json import read_object

#: How long a fetched document counts. A key that the provider withdraws is trusted for KEYS_TTL at most.
DISCOVERY_TTL = timedelta(hours=1)
KEYS_TTL = timedelta(minutes=15)

#: An unknown key makes the set be fetched again, but no more often than this, over all workers.
REFETCH_INTERVAL = timedelta(minutes=1)

_WELL_KNOWN = "/.well-known/openid-configuration"
_LONGEST_URL = 500
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class DocumentCache(Protocol):
    """Documents by key (at most 520 characters), in a row that all workers and machines share."""

    def get(self, key: str) -> tuple[str, datetime] | None:
        """The text under `key` and when it was fetched (aware, UTC), or None."""
        ...

    def put(self, key: str, text: str, fetched_at: datetime) -> None:
        """Keep `text` under `key` in place of what was there; visible to every worker when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3), as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    token_auth_methods: frozenset[str]
    announces_iss: bool


@dataclass(frozen=True, slots=True)
class Documents:
    """Discovery documents and key sets, from the cache while they are fresh."""

    http: Http
    cache: DocumentCache

    def discovery(self, issuer: str, *, now: datetime) -> Discovery:
        """The provider's metadata. Raises RejectedError."""
        kept = self._fresh(f"discovery {issuer}", ttl=DISCOVERY_TTL, now=now)
        return read_discovery(kept, issuer=issuer) if kept else self.fetch_discovery(issuer, now=now)

    def fetch_discovery(self, issuer: str, *, now: datetime) -> Discovery:
        """The provider's metadata as it is at this moment. Raises RejectedError."""
        text = self._fetch(issuer.rstrip("/") + _WELL_KNOWN, otherwise=Name.DISCOVERY_INVALID)
        discovery = read_discovery(text, issuer=issuer)
        self.cache.put(f"discovery {issuer}", text, now)
        return discovery

    def keys(self, url: str, *, now: datetime) -> tuple[PublishedKey, ...]:
        """The provider's keys, none of them older than KEYS_TTL. Raises RejectedError."""
        kept = self._fresh(f"keys {url}", ttl=KEYS_TTL, now=now)
        return read_keys(kept) if kept else self.fetch_keys(url, now=now)

    def newer_keys(self, url: str, *, now: datetime) -> tuple[PublishedKey, ...] | None:
        """The keys fetched again, or None when that was done or tried less than REFETCH_INTERVAL ago."""
        for key in (f"keys {url}", f"tried {url}"):
            if self._fresh(key, ttl=REFETCH_INTERVAL, now=now):
                return None
        # Written before the fetch, so that neither a second worker nor an endpoint that fails makes it a storm.
        self.cache.put(f"tried {url}", "tried", now)
        return self.fetch_keys(url, now=now)

    def fetch_keys(self, url: str, *, now: datetime) -> tuple[PublishedKey, ...]:
        """The provider's keys as they are at this moment. Raises RejectedError."""
        text = self._fetch(url, otherwise=Name.KEYS_INVALID)
        keys = read_keys(text)
        self.cache.put(f"keys {url}", text, now)
        return keys

    def _fresh(self, key: str, *, ttl: timedelta, now: datetime) -> str | None:
        kept = self.cache.get(key)
        # abs(): another machine's clock may be a little ahead, but nothing is trusted because it comes from the future.
        return kept[0] if kept and abs(now - kept[1]) < ttl else None

    def _fetch(self, url: str, *, otherwise: Name) -> str:
        try:
            answer = self.http.get(url, headers={"Accept": "application/json"})
        except HttpFailedError as error:
            raise RejectedError(
                Name.PROVIDER_UNREACHABLE, expected=f"an answer from {url}", received=str(error)
            ) from error
        if answer.status != 200:
            name = Name.PROVIDER_UNREACHABLE if answer.status >= 500 else otherwise
            raise RejectedError(name, expected=f"status 200 from {url}", received=f"status {answer.status}")
        try:
            return answer.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RejectedError(otherwise, expected=f"JSON from {url}", received="bytes that are not UTF-8") from error


def read_discovery(text: str, *, issuer: str) -> Discovery:
    """Check a discovery document against the issuer it was fetched for. Raises RejectedError."""
    try:
        document = read_object(text)
    except ValueError as error:
        raise _invalid("a JSON object", str(error)) from error
    # The one check that ties keys and endpoints to the configured issuer (Discovery 1.0, section 4.3).
    if document.get("issuer") != issuer:
        raise RejectedError(Name.DISCOVERY_ISSUER_WRONG, expected=issuer, received=shown(document.get("issuer")))
    _check_abilities(document)
    return Discovery(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer=issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer=issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer=issuer),
        userinfo_endpoint=(
            _endpoint(document, "userinfo_endpoint", issuer=issuer) if document.get("userinfo_endpoint") else None
        ),
        end_session_endpoint=_end_session_endpoint(document, issuer=issuer),
        token_auth_methods=_listed(document, "token_endpoint_auth_methods_supported")
        or frozenset({"client_secret_basic"}),
        announces_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def is_acceptable_url(url: object, *, loopback: bool) -> bool:
    """Whether this is an https URL, or with `loopback` an http one on this machine, and nothing more than that."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or len(url) > _LONGEST_URL:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "#" in url or any(sign in url for sign in ' \\"<>'):
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and host in _LOOPBACK)


def is_loopback_http(issuer: str) -> bool:
    """Whether the issuer is a developer's own: only then may its endpoints be so too (the port let it be fetched)."""
    return issuer.startswith("http://") and is_acceptable_url(issuer, loopback=True)


def _endpoint(document: Mapping[str, Any], name: str, *, issuer: str) -> str:
    url = document.get(name)
    if not is_acceptable_url(url, loopback=is_loopback_http(issuer)):
        raise _invalid(f"{name}: an https URL", shown(url) if url else "nothing")
    return str(url)


def _end_session_endpoint(document: Mapping[str, Any], *, issuer: str) -> str | None:
    """Where people sign out (RP-Initiated Logout 1.0, section 2.1). One that cannot be used counts as none: people have
    to be able to sign in without it.
    """
    url = document.get("end_session_endpoint")
    return str(url) if is_acceptable_url(url, loopback=is_loopback_http(issuer)) else None


def _check_abilities(document: Mapping[str, Any]) -> None:
    """What the document says the provider cannot do; where it is silent, the sign-in will tell."""
    if (types := _listed(document, "response_types_supported")) and "code" not in types:
        raise _invalid("response_types_supported with code", ", ".join(sorted(types)))
    if (signs := _listed(document, "id_token_signing_alg_values_supported")) and not signs & ALGORITHMS.keys():
        raise _invalid(f"one of the signing algorithms {', '.join(ALGORITHMS)}", ", ".join(sorted(signs)))
    methods = _listed(document, "token_endpoint_auth_methods_supported")
    if methods and not methods & {"client_secret_basic", "client_secret_post"}:
        raise _invalid("client_secret_basic or client_secret_post at the token endpoint", ", ".join(sorted(methods)))


def _listed(document: Mapping[str, Any], name: str) -> frozenset[str]:
    values = document.get(name)
    return frozenset(shown(value) for value in values) if isinstance(values, list) else frozenset()


def _invalid(expected: str, received: str) -> RejectedError:
    return RejectedError(Name.DISCOVERY_INVALID, expected=expected, received=shown(received))
