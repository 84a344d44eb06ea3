"""What of followed metadata comes into force by itself, what waits, and when it is read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.rules.certificates import Certificate
from app.rules.following import (
    Published,
    Stated,
    Untaken,
    added,
    fault_of,
    metadata_url,
    next_read,
    next_try,
    own_certificates,
    stated_by,
    untaken,
    with_taken,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
OLD, NEW = (Certificate(name, name, "2030-01-01T00:00:00Z") for name in ("old", "new"))


def settings(*certificates: Certificate, sso_url: str = "https://idp.test/sso") -> dict[str, Any]:
    stored = [certificate.as_settings() for certificate in certificates]
    return {"idp": {"entity_id": "https://idp.test", "sso_url": sso_url, "certificates": stored}, "attributes": {}}


def published(**changes: Any) -> Published:
    return Published(
        **{"entity_id": "https://idp.test", "sso_url": "https://idp.test/sso", "certificates": ()} | changes
    )


def test_certificates_that_appear_are_added_and_wait_for_nobody() -> None:
    assert added((OLD,), (OLD, NEW)) == (NEW,)
    assert untaken(settings(OLD), Stated("https://idp.test/sso", (NEW, OLD))) is None


def test_certificate_that_is_gone_waits() -> None:
    assert untaken(settings(OLD), Stated("https://idp.test/sso", (NEW,))) == Untaken((OLD,), None)


def test_other_sign_on_url_waits() -> None:
    assert untaken(settings(OLD), Stated("https://idp.test/2", (OLD,))) == Untaken((), "https://idp.test/2")


def test_what_is_taken_over_is_what_the_metadata_says_and_the_rest_stays() -> None:
    taken = with_taken(settings(OLD), Stated("https://idp.test/2", (NEW,)))
    assert taken == settings(NEW, sso_url="https://idp.test/2")
    assert untaken(taken, Stated("https://idp.test/2", (NEW,))) is None


def test_order_of_certificates_says_nothing() -> None:
    assert Stated("u", (OLD, NEW)).same_as(Stated("u", (NEW, OLD)))
    assert not Stated("u", (OLD, NEW)).same_as(Stated("u", (NEW,)))
    assert not Stated("u", (OLD,)).same_as(Stated("v", (OLD,)))


def test_metadata_of_another_provider_is_not_followed() -> None:
    assert fault_of(settings(OLD), published()) is None
    other = fault_of(settings(OLD), published(entity_id="https://evil.test"))
    assert other is not None
    assert "its entityID is https://evil.test, and not https://idp.test" in other


def test_settings_without_metadata_or_certificates_follow_none_and_have_none() -> None:
    assert metadata_url({"issuer": "https://op.test"}) is None
    assert own_certificates({"issuer": "https://op.test"}) == ()
    assert metadata_url({"idp": {"metadata_url": "https://idp.test/m"}}) == "https://idp.test/m"
    assert stated_by(settings(OLD)) == Stated("https://idp.test/sso", (OLD,))


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ({}, timedelta(hours=4)),
        ({"cache_for": timedelta(hours=6)}, timedelta(hours=6)),
        ({"cache_for": timedelta(0)}, timedelta(minutes=15)),
        ({"cache_for": timedelta(days=3650)}, timedelta(hours=24)),
        ({"valid_until": NOW + timedelta(hours=1)}, timedelta(hours=1)),
        ({"valid_until": NOW + timedelta(seconds=1)}, timedelta(minutes=15)),
        ({"valid_until": NOW + timedelta(days=30), "cache_for": timedelta(hours=2)}, timedelta(hours=2)),
    ],
)
def test_next_reading_is_when_the_document_says_within_bounds(said: dict[str, Any], wait: timedelta) -> None:
    assert next_read(published(**said), now=NOW) - NOW == wait


def test_next_try_is_later_after_every_failure_up_to_the_usual_time() -> None:
    minutes = [(next_try(failures, now=NOW) - NOW) / timedelta(minutes=1) for failures in (1, 2, 3, 6, 7, 10**6)]
    assert minutes == [5, 10, 20, 160, 240, 240]
