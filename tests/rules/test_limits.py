"""Limits: whose tries are counted together, and when the next one is borne."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules.limits import Limit, network_of, wait_for

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMIT = Limit("test", 3, timedelta(minutes=15))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("64:ff9b::1:c000:207", "64:ff9b::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_tries_of_one_network_are_counted_together_however_its_address_is_written(address: str, network: str) -> None:
    assert network_of(address) == network


def test_try_past_the_limit_waits_for_the_end_of_the_window() -> None:
    def wait(count: int, minutes: float) -> timedelta | None:
        return wait_for(LIMIT, count=count, began_at=NOW, now=NOW + timedelta(minutes=minutes))

    assert wait(2, 1) is None
    assert wait(3, 1) == timedelta(minutes=14)
    assert wait(99, 15) is None
