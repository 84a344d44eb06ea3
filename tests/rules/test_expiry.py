"""When administrators are told that something of a connection ends, and that it is said once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.expiry import MARKS, Deadline, Expiring, Expiry, Told, deadlines, mark_due, mark_reached, warning

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CERTIFICATE, SECRET = Expiring.SIGNING_CERTIFICATE, Expiring.CLIENT_SECRET
ENDS = st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)).map(lambda left: NOW + left)


def ends_in(days: float, what: Expiring = CERTIFICATE) -> Expiry:
    return Expiry(what, NOW + days * DAY)


@pytest.mark.parametrize(
    ("days", "mark"),
    [
        (91, None),
        (90.001, None),
        (90, 90),
        (60.001, 90),
        (60, 60),
        (30, 30),
        (7.5, 30),
        (7, 7),
        (1.001, 7),
        (1, 1),
        (0.001, 1),
        (0, 0),
        (-0.999, 0),
        (-1, -1),
        (-1.999, -1),
        (-40, -40),
    ],
)
def test_mark_is_the_latest_one_that_has_passed(days: float, mark: int | None) -> None:
    assert mark_reached(NOW + days * DAY, now=NOW) == mark


@given(ENDS)
def test_mark_names_no_more_days_than_are_left_until_the_next_one(at: datetime) -> None:
    mark = mark_reached(at, now=NOW)
    left = (at - NOW) / DAY
    if mark is None:
        assert left > max(MARKS)
        return
    later = max((other for other in (*MARKS, 0) if other < mark), default=None) if mark > 0 else mark - 1
    assert later is not None
    assert later < left <= mark


@given(ENDS, st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=200)), max_size=30))
def test_each_mark_is_told_once_however_often_and_seldom_somebody_looks(at: datetime, waits: list[timedelta]) -> None:
    told: Told | None = None
    marks, now = [], NOW
    for wait in waits:
        now += wait
        mark = mark_due(at, told=told, now=now)
        if mark is not None:
            assert mark == mark_reached(at, now=now)
            told = Told(at, mark)
            marks.append(mark)
        assert mark_due(at, told=told, now=now) is None
    assert marks == sorted(set(marks), reverse=True)


@given(ENDS, ENDS, st.integers(min_value=-400, max_value=90))
def test_something_new_is_told_of_whatever_was_told_of_the_old_one(old: datetime, new: datetime, mark: int) -> None:
    due = mark_due(new, told=Told(old, mark), now=NOW)

    if old != new:
        assert due == mark_reached(new, now=NOW)


def test_clock_that_is_put_back_tells_nothing_again() -> None:
    at = NOW + 6 * DAY

    assert mark_due(at, told=Told(at, 7), now=NOW - 10 * DAY) is None


def test_only_the_last_of_several_certificates_counts() -> None:
    (deadline,) = deadlines([ends_in(-3), ends_in(400), ends_in(20)], now=NOW)

    assert (deadline.at, deadline.count, deadline.ended) == (NOW + 400 * DAY, 3, 1)
    assert warning(deadline, connection="Okta", now=NOW) is None


@given(st.lists(st.tuples(st.sampled_from(Expiring), ENDS)))
def test_every_kind_has_one_deadline_its_latest_and_the_nearest_comes_first(
    found: list[tuple[Expiring, datetime]],
) -> None:
    of = deadlines([Expiry(what, at) for what, at in found], now=NOW)

    assert {deadline.what: deadline.at for deadline in of} == {
        what: max(at for other, at in found if other is what) for what, _ in found
    }
    assert [deadline.at for deadline in of] == sorted(deadline.at for deadline in of)
    for deadline in of:
        assert deadline.count == sum(what is deadline.what for what, _ in found)
        assert deadline.ended == sum(what is deadline.what and at <= NOW for what, at in found)


@pytest.mark.parametrize(
    ("days", "count", "sentence"),
    [
        (30, 1, "Okta: the signing certificate of the identity provider ends on 2026-12-23, in 30 days."),
        (29.5, 1, "Okta: the signing certificate of the identity provider ends on 2026-12-23, in 30 days."),
        (0.1, 1, "Okta: the signing certificate of the identity provider ends on 2026-11-23, in 1 day."),
        (-0.1, 1, "Okta: the signing certificate of the identity provider ended on 2026-11-23."),
        (-2, 1, "Okta: the signing certificate of the identity provider ended on 2026-11-21, 2 days ago."),
        (7, 2, "Okta: the last of 2 signing certificates of the identity provider ends on 2026-11-30, in 7 days."),
        (7, 3, "Okta: the last of 3 signing certificates of the identity provider ends on 2026-11-30, in 7 days."),
        (-1, 2, "Okta: the last of 2 signing certificates of the identity provider ended on 2026-11-22, 1 day ago."),
    ],
)
def test_sentence_says_what_ends_and_when(days: float, count: int, sentence: str) -> None:
    said = warning(Deadline(CERTIFICATE, NOW + days * DAY, count, ended=0), connection="Okta", now=NOW)

    assert said is not None
    assert said.sentence == sentence
    assert said.is_over == (days <= 0)


@pytest.mark.parametrize("what", Expiring)
@pytest.mark.parametrize("days", [5, -5])
def test_everything_that_ends_has_a_meaning_and_a_way_out(what: Expiring, days: int) -> None:
    said = warning(Deadline(what, NOW + days * DAY, 1, ended=0, renewal="Renew it there."), connection="Okta", now=NOW)

    assert said is not None
    assert said.meaning.endswith(".")
    assert said.fix.startswith("Renew it there.")


def test_ended_certificate_is_said_to_be_accepted_and_an_ended_secret_to_be_refused() -> None:
    by_kind = {
        what: warning(Deadline(what, NOW - DAY, 1, ended=1), connection="Okta", now=NOW)
        for what in (CERTIFICATE, SECRET)
    }

    certificate, secret = by_kind[CERTIFICATE], by_kind[SECRET]
    assert certificate is not None
    assert secret is not None
    assert "Sign-ins go on" in certificate.meaning
    assert "nobody can sign in" in secret.meaning
