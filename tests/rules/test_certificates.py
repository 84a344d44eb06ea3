"""Which certificate may be dropped: one that a newer one has evidently taken the place of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.rules.certificates import NEVER, Certificate, Use, may_be_dropped

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
OLD = Certificate("old", "old", "2027-01-01T00:00:00Z")
NEW = Certificate("new", "new", "2030-01-01T00:00:00Z")


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def old_may_go(old: Use, new: Use) -> bool:
    return may_be_dropped(OLD, {OLD: old, NEW: new}, now=NOW)


def test_certificate_that_a_newer_one_took_the_place_of_may_be_dropped() -> None:
    assert old_may_go(Use(days_ago(100), days_ago(14)), Use(days_ago(14), days_ago(1)))


def test_certificate_that_was_never_used_while_a_newer_one_was_may_be_dropped() -> None:
    assert old_may_go(NEVER, Use(days_ago(14), days_ago(1)))


def test_certificate_used_less_than_14_days_ago_stays() -> None:
    assert not old_may_go(Use(days_ago(100), days_ago(13)), Use(days_ago(14), days_ago(1)))


def test_nothing_is_said_while_the_record_is_younger_than_14_days() -> None:
    assert not old_may_go(NEVER, Use(days_ago(13), days_ago(1)))
    assert not old_may_go(NEVER, NEVER)


def test_nothing_is_said_where_nobody_has_signed_in_lately() -> None:
    assert not old_may_go(Use(days_ago(100), days_ago(20)), Use(days_ago(100), days_ago(15)))


def test_certificate_that_waits_for_its_day_stays() -> None:
    used = {OLD: Use(days_ago(100), days_ago(1)), NEW: NEVER}
    assert not may_be_dropped(NEW, used, now=NOW)


def test_only_certificate_stays() -> None:
    assert not may_be_dropped(OLD, {OLD: Use(days_ago(100), days_ago(20))}, now=NOW)
