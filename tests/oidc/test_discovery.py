"""The shared cache: how long documents count, when keys are fetched again, and when a withdrawn key ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.ports.http import HttpFailedError
from oidc.discovery import DISCOVERY_TTL, KEYS_TTL, REFETCH_INTERVAL, is_acceptable_url
from tests.oidc.provider import NOW, public, rsa_key, signer
from tests.oidc.sign_in import SignIn, plain

WELL_KNOWN = "/.well-known/openid-configuration"


def at(sign_in: SignIn, after: timedelta) -> SignIn:
    """The same provider and cache, later: another worker would see exactly this."""
    sign_in.clock.time = NOW + after
    moment = int(sign_in.clock.time.timestamp())
    sign_in.provider.claims.update(iat=moment, exp=moment + 300)
    return sign_in


def rotated(sign_in: SignIn, *, key_id: str) -> SignIn:
    """The provider publishes only a new key and signs with it."""
    sign_in.provider.keys = [public(rsa_key(2), kid=key_id)]
    sign_in.provider.header["kid"] = key_id
    sign_in.provider.sign = signer(rsa_key(2))
    return sign_in


def test_documents_are_fetched_once_while_they_are_fresh() -> None:
    sign_in = plain()
    for minutes in (0, 5, 14):
        at(sign_in, timedelta(minutes=minutes)).accepted()
    assert (sign_in.provider.calls(WELL_KNOWN), sign_in.provider.calls("/jwks")) == (1, 1)


def test_each_document_is_fetched_again_after_its_time() -> None:
    sign_in = plain()
    sign_in.accepted()
    at(sign_in, KEYS_TTL).accepted()
    assert (sign_in.provider.calls(WELL_KNOWN), sign_in.provider.calls("/jwks")) == (1, 2)
    at(sign_in, DISCOVERY_TTL).accepted()
    assert (sign_in.provider.calls(WELL_KNOWN), sign_in.provider.calls("/jwks")) == (2, 3)


def test_two_workers_share_what_one_fetched() -> None:
    first = plain()
    first.accepted()
    second = SignIn(provider=first.provider, cache=first.cache)
    second.accepted()
    assert first.provider.calls("/jwks") == 1


def test_a_document_from_the_future_is_not_fresh() -> None:
    sign_in = plain()
    sign_in.accepted()
    at(sign_in, -DISCOVERY_TTL).accepted()
    assert sign_in.provider.calls(WELL_KNOWN) == 2


@pytest.mark.parametrize("key_id", ["k2", "k1"], ids=["under a new kid", "under the same kid"])
def test_a_rotated_key_is_found_by_one_more_fetch(key_id: str) -> None:
    sign_in = plain()
    sign_in.accepted()
    rotated(at(sign_in, REFETCH_INTERVAL), key_id=key_id).accepted()
    assert sign_in.provider.calls("/jwks") == 2


def test_a_key_rotated_just_now_is_refused_until_the_minute_is_over() -> None:
    sign_in = plain()
    sign_in.accepted()
    rotated(at(sign_in, timedelta(seconds=59)), key_id="k2")
    assert sign_in.rejected().name == "key_unknown"
    at(sign_in, timedelta(seconds=60)).accepted()


def test_a_storm_of_unknown_kids_fetches_the_keys_once_a_minute() -> None:
    sign_in = plain()
    sign_in.accepted()
    for second in range(0, 300, 2):
        sign_in.provider.header["kid"] = f"unknown-{second}"
        assert at(sign_in, timedelta(seconds=second)).rejected().name == "key_unknown"
    assert sign_in.provider.calls("/jwks") <= 1 + 300 // 60


def test_a_storm_against_an_endpoint_that_fails_is_no_storm_either() -> None:
    sign_in = plain()
    sign_in.accepted()
    sign_in.provider.header["kid"] = "unknown"
    sign_in.provider.answers["/jwks"] = HttpFailedError("down")
    names = {at(sign_in, timedelta(minutes=2, seconds=second)).rejected().name for second in range(59)}
    assert names == {"provider_unreachable", "key_unknown"}
    assert sign_in.provider.calls("/jwks") == 2


def test_a_withdrawn_key_is_trusted_for_its_time_and_no_longer() -> None:
    sign_in = plain()
    sign_in.accepted()
    sign_in.provider.keys = [public(rsa_key(2), kid="k2")]
    at(sign_in, KEYS_TTL - timedelta(seconds=1)).accepted()
    assert at(sign_in, KEYS_TTL).rejected().name == "key_unknown"


def test_keys_past_their_time_are_not_trusted_because_the_provider_is_down() -> None:
    sign_in = plain()
    sign_in.accepted()
    sign_in.provider.answers["/jwks"] = HttpFailedError("down")
    assert at(sign_in, KEYS_TTL).rejected().name == "provider_unreachable"


def test_a_refused_document_is_not_kept() -> None:
    sign_in = plain()
    sign_in.provider.discovery["issuer"] = "https://evil.test"
    sign_in.rejected()
    assert sign_in.cache.rows == {}


def test_cache_keys_stay_within_what_a_column_holds() -> None:
    sign_in = plain()
    sign_in.provider.discovery["jwks_uri"] = f"https://idp.example.test/jwks?{'a' * 470}"
    sign_in.accepted()
    assert max(map(len, sign_in.cache.rows)) <= 520


@pytest.mark.parametrize(
    ("url", "loopback", "acceptable"),
    [
        ("https://idp.test/a?b=c", False, True),
        ("http://127.0.0.1:8080/a", True, True),
        ("http://localhost/a", True, True),
        ("http://[::1]:1/a", True, True),
        ("http://127.0.0.1/a", False, False),
        ("http://idp.test/a", True, False),
        ("https:///a", False, False),
        ("https://idp.test/ä", False, False),
        ("https://idp.test/a b", False, False),
        (None, False, False),
    ],
)
def test_endpoints_are_https_or_a_developer_s_own(url: object, loopback: bool, acceptable: bool) -> None:
    assert is_acceptable_url(url, loopback=loopback) is acceptable
