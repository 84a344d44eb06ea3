"""What a reverse proxy is told of the person behind a request: who they are, that there is nobody, or that they may
not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import event
from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.rules.sessions import IDLE_MINUTES, TOUCH_EVERY
from app.services import members, sessions
from app.web.forward_auth import in_header
from tests.application import BASE_URL, Browser, World
from tests.scenes import ADA, GRACE, found_organization, provisioned
from tests.web.settings.scenes import Desk, desk, recovery_session, signed_in

VERIFY = "/auth/verify"


def ask(browser: Browser, query: str = "", **headers: str) -> TestResponse:
    """What a proxy asks with the cookies of this browser."""
    return browser.client.get(VERIFY + query, base_url=BASE_URL, headers=headers)


def told(answer: TestResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("X-Doorward-")}


def test_member_who_is_signed_in_is_named(world: World) -> None:
    grace = desk(world).member(GRACE)
    browser = signed_in(world, GRACE)

    for answer in (ask(browser), browser.client.head(VERIFY, base_url=BASE_URL)):
        assert (answer.status_code, answer.data) == (200, b"")
        assert told(answer) == {
            "X-Doorward-Member": grace.id,
            "X-Doorward-Email": GRACE,
            "X-Doorward-Name": "Grace",
            "X-Doorward-Role": "member",
            "X-Doorward-Organization": grace.organization_id,
        }
        assert answer.headers["Cache-Control"] == "no-store"


def test_stranger_is_nobody_and_gets_no_cookie(world: World) -> None:
    for browser in (world.browser(), with_session(world, "made-up")):
        answer = ask(browser, **{"X-Doorward-Member": "mem_1"})

        assert (answer.status_code, answer.data, told(answer)) == (401, b"", {})
        assert "WWW-Authenticate" in answer.headers
        assert "Set-Cookie" not in answer.headers


def with_session(world: World, token: str) -> Browser:
    browser = world.browser()
    browser.client.set_cookie("__Host-doorward", token, domain="id.doorward.test", secure=True)
    return browser


def _suspend(ada: Desk) -> None:
    with ada.world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, ada.organization.id, ada.organization.member(GRACE).id, suspended=True).apply()


def _remove(ada: Desk) -> None:
    with ada.world.transactions.writing(OPERATOR) as unit:
        members.to_remove(unit, ada.organization.id, ada.organization.member(GRACE).id).apply()


def _end(ada: Desk) -> None:
    with ada.world.transactions.writing(OPERATOR) as unit:
        for row in sessions.own(unit, ada.organization.member(GRACE).id):
            sessions.end(unit, row.member_id, row.id, reason="ended_by_member")


def _leave_idle(ada: Desk) -> None:
    ada.world.clock.advance(minutes=IDLE_MINUTES)


@pytest.mark.parametrize("what", [_suspend, _remove, _end, _leave_idle], ids=["suspended", "removed", "ended", "idle"])
def test_session_that_ended_is_worth_nothing_on_the_next_request(world: World, what: Callable[[Desk], None]) -> None:
    ada = desk(world)
    ada.member(GRACE)
    browser = signed_in(world, GRACE)
    assert ask(browser).status_code == 200

    what(ada)

    assert (ask(browser).status_code, told(ask(browser))) == (401, {})


def test_member_whom_the_directory_deactivates_is_nobody_on_the_next_request(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    browser = signed_in(world, GRACE)
    assert ask(browser).status_code == 200

    scene.scim.set_active(grace, False)

    assert ask(browser).status_code == 401


def test_recovery_session_is_nobody(world: World) -> None:
    desk(world)

    assert ask(recovery_session(world)).status_code == 401


def test_use_of_the_application_counts_against_the_idle_time_until_the_session_is_over(world: World) -> None:
    desk(world).member(GRACE)
    browser = signed_in(world, GRACE)
    for _ in range(7):
        assert ask(browser).status_code == 200
        world.clock.advance(hours=23, minutes=59)

    assert ask(browser).status_code == 200
    world.clock.advance(minutes=7)
    assert ask(browser).status_code == 401  # seven days, however much it was used


def test_page_of_the_application_that_renews_itself_does_not_count_as_use(world: World) -> None:
    desk(world).member(GRACE)
    browser = signed_in(world, GRACE)
    world.clock.advance(hours=23)
    assert ask(browser, **{"Doorward-Refresh": "1"}).status_code == 200

    world.clock.advance(hours=1)

    assert ask(browser).status_code == 401


def test_question_costs_two_selects_and_writes_once_a_minute(world: World) -> None:
    desk(world).member(GRACE)
    browser = signed_in(world, GRACE)
    with statements(world) as made:
        ask(browser)
        ask(browser)
    assert [statement.split()[0] for statement in made] == ["SELECT"] * 4

    world.clock.advance(seconds=TOUCH_EVERY.total_seconds())
    with statements(world) as made:
        ask(browser)
        ask(browser)
    assert [statement.split()[0] for statement in made if "UPDATE" in statement] == ["UPDATE"]


def test_answer_does_not_wait_for_whoever_is_writing(world: World) -> None:
    desk(world).member(GRACE)
    browser = signed_in(world, GRACE)

    with world.transactions.writing():
        assert ask(browser).status_code == 200


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, but for the beginnings and ends of transactions."""
    made: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if re.match("SELECT|INSERT|UPDATE|DELETE", statement):
            made.append(statement)

    engine = world.transactions.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield made
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("query", "admitted"),
    [
        ("?role=admin", {ADA}),
        ("?role=admin&role=member", {ADA, GRACE}),
        ("?role=auditor&role=member", {GRACE}),
        ("?role=", set()),
        ("?organization=ORG", {ADA, GRACE}),
        ("?organization=org_other&organization=ORG", {ADA, GRACE}),
        ("?organization=org_other", set()),
        ("?organization=org_other&role=admin", set()),
        ("?organization=ORG&role=admin&sign_in=redirect", {ADA}),
    ],
)
def test_only_whom_the_query_names_is_admitted(world: World, query: str, admitted: set[str]) -> None:
    ada = desk(world)
    ada.member(GRACE)
    query = query.replace("ORG", ada.organization.id)

    for address in (ADA, GRACE):
        answer = ask(signed_in(world, address), query)
        assert (answer.status_code, bool(told(answer))) == ((200, True) if address in admitted else (403, False))
    assert ask(world.browser(), query).status_code in {401, 303}


def test_administrator_of_another_organization_is_told_apart(world: World) -> None:
    ada = desk(world)
    other = found_organization(world, "boss@other.test", "Other")
    browser = signed_in(world, "boss@other.test")

    assert told(ask(browser))["X-Doorward-Organization"] == other.id
    assert ask(browser, f"?role=admin&organization={ada.organization.id}").status_code == 403


@pytest.mark.parametrize("query", ["?roles=admin", "?role=admin&rd=x", "?sign_in=yes", "?sign_in="])
def test_condition_that_is_not_known_admits_nobody(world: World, query: str) -> None:
    desk(world)

    assert ask(signed_in(world, ADA), query).status_code == 400
    assert ask(world.browser(), query).status_code == 400


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("/reports?month=11&tag=a%26b", "/sign-in?next=%2Freports%3Fmonth%3D11%26tag%3Da%2526b"),
        ("//evil.test/", "/sign-in"),
        ("https://evil.test/", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_proxy_that_passes_answers_on_sends_strangers_to_sign_in(world: World, uri: str, location: str) -> None:
    answer = ask(world.browser(), "?sign_in=redirect", **{"X-Forwarded-Uri": uri})

    assert (answer.status_code, answer.headers["Location"]) == (303, BASE_URL + location)


def test_name_that_no_header_could_hold_comes_whole_and_short(world: World) -> None:
    grace = desk(world).member(GRACE)
    browser = signed_in(world, GRACE)
    for name, expected in {
        "Grace\r\nX-Doorward-Role: admin": "Grace\r\nX-Doorward-Role: admin",
        "Höpper 100 %": "Höpper 100 %",
        "山" * 10_000: "山" * 200,
        "": GRACE,
    }.items():
        with world.transactions.writing() as unit:
            unit.session.merge(grace).name = name
        answer = ask(browser)

        assert unquote(told(answer)["X-Doorward-Name"]) == expected
        assert told(answer)["X-Doorward-Role"] == "member"
        assert len(str(answer.headers)) < 4_000  # what nginx has room for, at least


@given(st.text())
@example("%41 and 100 %")
@example("\r\n")
def test_header_is_printable_ascii_and_decoding_gives_the_text_back(text: str) -> None:
    assert re.fullmatch("[ -~]*", in_header(text))
    assert unquote(in_header(text)) == text


def test_header_of_plain_text_is_the_text() -> None:
    assert in_header("Ada O'Lovelace-Byron (CTO)") == "Ada O'Lovelace-Byron (CTO)"
