"""Hosts and addresses have one spelling; who may claim what; what a DNS look-up changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.decisions import Allowed, Code, Refused
from app.rules.domains import (
    DomainState,
    after_check,
    host_of,
    judge_claim,
    looks_alike,
    normalize_address,
    normalize_host,
    record_value,
)
from app.rules.errors import InvalidInputError

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("Example.COM", "example.com"),
        (" example.com. ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("\uff45xample.com", "example.com"),
    ],
)
def test_host_has_one_spelling(typed: str, host: str) -> None:
    assert normalize_host(typed) == host


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "localhost",
        "127.0.0.1",
        "1.2.3",
        "[::1]",
        "*.example.com",
        "a..example",
        "-a.example",
        "a-.example",
        "x" * 64 + ".example",
        ".".join(["a" * 60] * 5),
        "exa mple.com",
        "a_b.example",
        "example.com/x",
        "a\x00b.example",
    ],
)
def test_what_dns_cannot_hold_is_not_a_host(typed: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        normalize_host(typed)
    assert refused.value.code == "invalid_host"


def test_address_has_one_spelling_and_its_host_is_what_follows_the_last_at() -> None:
    assert normalize_address(" Ada.Lovelace@Bücher.Example ") == "ada.lovelace@xn--bcher-kva.example"
    assert host_of("ada@acme.test") == "acme.test"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@acme.test",
        "ada@",
        "a b@acme.test",
        "ada@acme",
        "a@b@acme.test",
        "ada@127.0.0.1",
        "a\nb@acme.test",
        '"ada"@acme.test',
        "x" * 65 + "@acme.test",
        "a@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + "." + "e" * 63,
    ],
)
def test_what_is_not_an_address_is_refused_with_its_field(typed: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        normalize_address(typed, field="admin_email")
    assert (refused.value.code, refused.value.field) == ("invalid_email", "admin_email")


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_clear_error_and_normalising_twice_changes_nothing(text: str) -> None:
    try:
        address = normalize_address(text)
    except InvalidInputError:
        return
    assert normalize_address(address) == address


def test_label_of_two_scripts_looks_like_another_name() -> None:
    assert looks_alike(normalize_host("gооgle.com"))  # noqa: RUF001  # Cyrillic o is the point
    assert not looks_alike(normalize_host("пример.example"))  # one script
    assert not looks_alike("xn--zz--.example")  # not decodable: nothing to mistake


def claim(host: str, **changes: object) -> Allowed | Refused:
    facts: dict[str, object] = {
        "is_first": True,
        "own_host": "acme.test",
        "is_public_suffix": False,
        "already_claimed": False,
    }
    return judge_claim(host, **(facts | changes))  # type: ignore[arg-type]  # the names are judge_claim's own


def test_domain_may_be_claimed_when_it_is_the_acting_admins_own() -> None:
    assert claim("acme.test") == Allowed()


def test_later_domain_needs_nothing_more() -> None:
    assert claim("acme.example", is_first=False) == Allowed()
    assert claim("acme.example", own_host=None) == Allowed()


@pytest.mark.parametrize(
    ("host", "changes", "code"),
    [
        ("gmail.com", {}, Code.DOMAIN_PUBLIC_PROVIDER),
        ("co.uk", {"is_public_suffix": True}, Code.DOMAIN_PUBLIC_SUFFIX),
        ("xn--ggle-55da.com", {}, Code.DOMAIN_LOOKALIKE),
        ("acme.test", {"already_claimed": True}, Code.DOMAIN_CLAIMED),
        ("other.test", {}, Code.DOMAIN_NOT_YOUR_OWN),
    ],
)
def test_domain_that_may_not_be_claimed_is_refused_with_its_reason(
    host: str, changes: dict[str, object], code: Code
) -> None:
    outcome = claim(host, **changes)

    assert isinstance(outcome, Refused)
    assert outcome.code is code


def test_record_value_carries_the_token() -> None:
    assert record_value("abc") == "doorward-domain-verification=abc"


def check(state: DomainState, *, found: bool, age: timedelta = timedelta(), checks: int = 0) -> object:
    return after_check(state, found=found, checks=checks, created_at=NOW - age, missing_since=None, now=NOW)


def test_found_record_verifies_and_is_looked_for_again_later() -> None:
    outcome = check(DomainState.PENDING, found=True)

    assert outcome == check(DomainState.VERIFIED, found=True)
    assert getattr(outcome, "state") is DomainState.VERIFIED  # noqa: B009  # read as a caller would


def test_verified_domain_stays_verified_when_its_record_vanishes_and_the_time_is_kept() -> None:
    outcome = after_check(
        DomainState.VERIFIED, found=False, checks=3, created_at=NOW, missing_since=NOW - timedelta(days=1), now=NOW
    )

    assert (outcome.state, outcome.missing_since) == (DomainState.VERIFIED, NOW - timedelta(days=1))


def test_domain_that_an_operator_vouched_for_misses_no_record() -> None:
    outcome = after_check(
        DomainState.VERIFIED, found=False, vouched=True, checks=1, created_at=NOW, missing_since=NOW, now=NOW
    )

    assert (outcome.state, outcome.next_check_at, outcome.missing_since) == (DomainState.VERIFIED, None, None)


def test_checks_come_slower_and_slower_and_stop_after_thirty_days() -> None:
    waits = []
    for checks in (0, 1, 5, 50):
        outcome = after_check(
            DomainState.PENDING, found=False, checks=checks, created_at=NOW, missing_since=None, now=NOW
        )
        assert outcome.next_check_at is not None
        waits.append(outcome.next_check_at - NOW)
    late = after_check(
        DomainState.PENDING, found=False, checks=9, created_at=NOW - timedelta(days=30), missing_since=None, now=NOW
    )

    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=32), timedelta(hours=6)]
    assert (late.state, late.next_check_at) == (DomainState.FAILED, None)
