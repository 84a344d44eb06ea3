"""The record of SCIM requests: what counts as refused and as a write, and the pace of a synchronisation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules.scim_requests import Pace, ScimRequestRecord, Trouble, trouble

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def record(method: str, path: str, status: int) -> ScimRequestRecord:
    return ScimRequestRecord("req_1", "dir_1", None, NOW, method, path, status, 900)


@pytest.mark.parametrize(
    ("method", "path", "is_write"),
    [
        ("GET", "/Users", False),
        ("POST", "/Users", True),
        ("POST", "/Users/.search", False),
        ("PATCH", "/Users/x", True),
    ],
)
def test_search_by_post_is_no_write(method: str, path: str, is_write: bool) -> None:
    assert record(method, path, 200).is_write is is_write


@pytest.mark.parametrize(("status", "is_refused"), [(200, False), (304, False), (400, True), (404, True), (500, True)])
def test_every_error_counts_as_refused(status: int, is_refused: bool) -> None:
    assert record("GET", "/Users", status).is_refused is is_refused


def test_pace_is_measured_over_a_minute_at_least() -> None:
    assert Pace().users_per_minute(NOW) == 0
    quick = Pace(users_created=30, groups_created=3, began_at=NOW - timedelta(seconds=10), last_at=NOW)
    steady = Pace(users_created=500, groups_created=9, began_at=NOW - timedelta(minutes=5), last_at=NOW)
    storm = Pace(users_created=500, began_at=NOW - timedelta(seconds=5), last_at=NOW, is_cut=True)
    assert storm.users_per_minute(NOW) == 6_000
    assert (quick.users_per_minute(NOW), quick.groups_per_minute(NOW)) == (30, 3)
    assert (steady.users_per_minute(NOW), steady.groups_per_minute(NOW)) == (100, 2)


@pytest.mark.parametrize(
    ("statuses", "found"),
    [
        ([201] * 25 + [400] * 25, None),
        ([201] * 24 + [400] * 26, Trouble(26, 50, "reason 400")),
        ([404] * 9, None),
        ([404] * 6 + [409] * 4, Trouble(10, 10, "reason 404")),
        ([], None),
    ],
)
def test_pushing_is_in_trouble_while_most_of_the_newest_requests_are_refused(
    statuses: list[int], found: Trouble | None
) -> None:
    assert trouble([(status, f"reason {status}") for status in statuses]) == found
