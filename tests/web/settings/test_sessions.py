"""All sessions of a member at once: ended on the profile, on the page of a member and over the API, and listed by
pages.
"""

from __future__ import annotations

import re

import pytest

from app.rules.sessions import SessionKind
from app.services import sessions
from tests.application import World, led_to
from tests.scenes import ADA, GRACE, Organization
from tests.services.test_sign_in import add_member
from tests.web.api.scenes import begin, with_key
from tests.web.settings.scenes import desk, flat, recovery_session, signed_in


def living(organization: Organization, email: str) -> list[str]:
    with organization.world.transactions.reading() as unit:
        return [row.id for row in sessions.own(unit, organization.member(email).id)]


def ended(organization: Organization) -> list[dict[str, object]]:
    return [event.data for event in organization.events() if event.type == "member.sessions_ended"]


def test_all_other_sessions_on_the_profile_end_and_the_one_that_asks_stays(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    lost, forgotten, mine = (signed_in(world, GRACE) for _ in range(3))

    answer = mine.submit("/profile/sessions/end-others")

    assert led_to(answer) == "/profile?done=other-sessions-ended#sessions"
    assert [browser.get("/profile").status_code for browser in (lost, forgotten, mine)] == [303, 303, 200]
    assert ended(ada.organization) == [{"sessions": 2, "reason": "ended_by_member"}]
    assert "/profile/sessions/end-others" not in mine.page
    assert ada.browser.get("/settings/members").status_code == 200  # nobody else's


def test_administrator_ends_all_sessions_of_a_member_and_the_audit_log_says_so(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE, role="admin")
    browsers = [signed_in(world, GRACE), recovery_session(world, GRACE)]
    ada.browser.get(f"/settings/members/{grace.id}")

    answer = ada.browser.submit(f"/settings/members/{grace.id}/sessions/end-all")

    assert led_to(answer) == f"/settings/members/{grace.id}?done=sessions-ended#sessions"
    assert [browser.get("/settings/authentication").status_code for browser in browsers] == [303, 303]
    assert "They are signed in nowhere." in flat(ada.browser.get(f"/settings/members/{grace.id}").text)
    assert ended(ada.organization) == [{"sessions": 2, "reason": "ended_by_administrator"}]
    audit = flat(ada.browser.get("/settings/audit").text)
    assert f"ended all sessions of {GRACE}" in audit


def test_administrator_who_ends_their_own_stays_in_the_browser_that_asks(world: World) -> None:
    ada = desk(world)
    other = signed_in(world, ADA)
    me = ada.organization.admin_id
    assert "End all but this one" in flat(ada.browser.get(f"/settings/members/{me}").text)

    ada.browser.submit(f"/settings/members/{me}/sessions/end-all")

    assert other.get("/profile").status_code == 303
    assert ada.browser.get("/profile").status_code == 200


def test_recovery_session_ends_nobody_s_sessions(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    signed_in(world, GRACE)
    browser = recovery_session(world)
    page = browser.get(f"/settings/members/{grace.id}").text

    assert "sessions/end-all" not in page
    assert browser.submit(f"/settings/members/{grace.id}/sessions/end-all").status_code == 403
    assert len(living(ada.organization, GRACE)) == 1


def test_member_has_no_page_from_which_to_end_another_s_sessions(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    grace = signed_in(world, GRACE)

    assert grace.submit(f"/settings/members/{ada.organization.admin_id}/sessions/end-all").status_code == 403
    assert ada.browser.get("/profile").status_code == 200


def test_nothing_is_told_where_there_was_nothing_to_end(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    world.clock.advance(days=8)  # the earlier ones have come to their end by themselves
    mine = signed_in(world, GRACE)

    mine.submit("/profile/sessions/end-others")

    assert ended(ada.organization) == []


def test_key_ends_all_sessions_of_a_member_and_of_nobody_elsewhere(world: World) -> None:
    scene = begin(world)
    add_member(scene.organization, GRACE)
    member = scene.organization.member(GRACE).id
    browsers = [signed_in(world, GRACE) for _ in range(2)]
    key = with_key(world, scene.organization.id)
    elsewhere = begin(world, "eve@other.test", "Other", verified=False)

    key.delete(f"{scene.path}/members/{member}/sessions")
    key.delete(f"{scene.path}/members/{member}/sessions")

    assert [browser.get("/profile").status_code for browser in browsers] == [303, 303]
    assert ended(scene.organization) == [{"sessions": 2, "reason": "ended_by_administrator"}]
    elsewhere.api.refused("DELETE", f"{elsewhere.path}/members/{member}/sessions", status=404)


@pytest.mark.parametrize("whose", ["one's own", "a member's"])
def test_long_list_of_sessions_goes_on_on_older_pages(world: World, whose: str) -> None:
    ada = desk(world)
    if whose == "a member's":
        grace, browser = ada.member(GRACE), ada.browser
        email, path = GRACE, f"/settings/members/{grace.id}"
    else:
        email, path, browser = ADA, "/profile", ada.browser
    for _ in range(60):
        ada.organization.open_session(email)
    newest_first = living(ada.organization, email)

    seen: list[str] = []
    href = path
    while href:
        page = browser.get(href).text
        seen += re.findall(r"/sessions/(ses_\w+)/end", page)
        older = re.search(r'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?Older sessions', page)
        href = older.group(1) if older else ""

    assert seen == [id_ for id_ in newest_first if id_ in seen]  # in their order, none twice
    assert len(seen) == 60


def test_cursor_that_is_none_begins_at_the_newest(world: World) -> None:
    ada = desk(world)

    assert "This browser" in ada.browser.get("/profile?sessions=ses_%27--").text


def test_recovery_sessions_do_not_count_among_those_that_a_reset_ends(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE, role="admin")
    ada.organization.enroll(GRACE)
    ada.organization.open_session(GRACE)
    ada.organization.open_session(GRACE, kind=SessionKind.RECOVERY)

    assert "Ends 1 session." in flat(ada.browser.get(f"/settings/members/{grace.id}").text)
