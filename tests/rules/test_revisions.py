"""Revisions: how each stands, which may be taken back or dropped, and how two of them differ."""

from __future__ import annotations

import pytest

from app.rules.decisions import Allowed, Code, Refused
from app.rules.revisions import Difference, History, RevisionState, compare, discard, flatten, go_back

#: The first edit of an active connection waits; B has replaced A; and one has gone back to A.
FIRST_EDIT = History(latest="b", in_force="a", terms=("a",))
REPLACED = History(latest="b", in_force="b", terms=("a", "b"))
WENT_BACK = History(latest="a", in_force="a", terms=("a", "b", "a"))
OFF = History(latest="b", in_force=None, terms=("a",))


def code_of(decision: object) -> Code | None:
    return decision.code if isinstance(decision, Refused) else None


@pytest.mark.parametrize(
    ("history", "states"),
    [
        (FIRST_EDIT, ["in_force", "waiting"]),
        (REPLACED, ["previous", "in_force"]),
        (WENT_BACK, ["in_force", "previous"]),
        (OFF, ["earlier", "waiting"]),
    ],
)
def test_one_is_in_force_and_the_latest_waits_where_it_is_not(history: History, states: list[str]) -> None:
    assert [history.state_of(revision, discarded=False) for revision in ("a", "b")] == states


def test_discarded_revision_stays_discarded() -> None:
    assert FIRST_EDIT.state_of("c", discarded=True) is RevisionState.DISCARDED


def test_connection_that_was_off_for_a_while_has_no_previous_revision_of_that() -> None:
    assert History(latest="a", in_force="a", terms=("a", "a")).previous is None


@pytest.mark.parametrize(
    ("revision", "history", "code"),
    [
        ("a", REPLACED, None),
        ("b", WENT_BACK, None),
        ("b", REPLACED, Code.REVISION_IN_FORCE),
        ("a", FIRST_EDIT, Code.REVISION_IN_FORCE),
        ("b", FIRST_EDIT, Code.REVISION_NOT_PREVIOUS),
        ("a", History("c", "c", ("a", "b", "c")), Code.REVISION_NOT_PREVIOUS),
        ("a", OFF, Code.CONNECTION_NOT_ACTIVE),
    ],
)
def test_only_the_revision_before_the_present_one_is_taken_back(
    revision: str, history: History, code: Code | None
) -> None:
    assert code_of(go_back(revision, history)) is code


@pytest.mark.parametrize(
    ("revision", "history", "code"),
    [
        ("b", FIRST_EDIT, None),
        ("a", FIRST_EDIT, Code.REVISION_IN_FORCE),
        ("a", REPLACED, Code.REVISION_NOT_WAITING),
        ("b", OFF, Code.REVISION_NOT_WAITING),
    ],
)
def test_only_what_waits_beside_another_one_is_discarded(revision: str, history: History, code: Code | None) -> None:
    assert code_of(discard(revision, history)) is code
    assert isinstance(discard("b", FIRST_EDIT), Allowed)


def test_going_back_leaves_nothing_waiting_that_was_just_left_and_lets_an_edit_wait_on() -> None:
    assert REPLACED.latest_after_going_back("a") == "a"
    assert History("c", "b", ("a", "b")).latest_after_going_back("a") == "c"


def test_difference_names_what_changed_with_both_sides() -> None:
    before = {"idp": {"entity_id": "https://a", "sso_url": "https://a/sso"}, "scopes": ["openid", "email"]}
    after = {"idp": {"entity_id": "https://b", "sso_url": "https://a/sso"}, "scopes": ["openid"], "groups": "g"}

    assert compare(before, after, secrets=frozenset()) == (
        Difference("idp.entity_id", ("https://a",), ("https://b",)),
        Difference("scopes", ("openid", "email"), ("openid",)),
        Difference("groups", (), ("g",)),
    )
    assert compare(before, before, secrets=frozenset()) == ()


def test_certificate_more_is_one_difference_whatever_place_it_has() -> None:
    old, new = {"fingerprint": "bb", "not_after": "2027"}, {"fingerprint": "aa", "not_after": "2028"}

    (found,) = compare({"certificates": [old]}, {"certificates": [new, old]}, secrets=frozenset())

    assert found.before == ("fingerprint bb, not after 2027",)
    assert found.after == ("fingerprint aa, not after 2028", "fingerprint bb, not after 2027")


def test_of_a_secret_only_that_it_changed_is_told() -> None:
    assert compare({"a": "1"}, {"a": "1"}, secrets=frozenset({"client_secret"})) == (Difference("client_secret"),)


def test_nested_settings_become_dotted_names() -> None:
    values = {"a": {"b": 1, "c": None}, "d": ["x", "y"], "e": [{"f": "g"}, {"f": "h"}], "i": []}

    assert list(flatten(values)) == [("a.b", "1"), ("d", "x y"), ("e.1.f", "g"), ("e.2.f", "h")]
