"""The authentication page as a whole: what a fresh organization sees, how people get in, who is administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lxml.html
from sqlalchemy import event

from app.rules.actor import OPERATOR
from app.rules.lockout import Guests
from app.services import organizations
from app.services.organizations import Edit
from tests.application import World
from tests.web.settings.scenes import PAGE, Desk, desk, flat


def test_fresh_organization_is_told_where_to_begin(world: World) -> None:
    page = flat(desk(world).page())

    assert "Everyone signs in with a code by email." in page
    for empty in ("No domain yet", "No connection yet", "No directory yet"):
        assert empty in page
    assert "Set up single sign-on: Single sign-on needs a verified domain." in page.replace(" :", ":")
    assert "10 of 10" in page
    assert "Ada Admin (you)" in page
    assert "Signs in with an emailed code" in page


def test_way_to_single_sign_on_is_shown_until_it_is_required(world: World) -> None:
    ada = desk(world)
    assert next_stage(ada) == "Verify your email domain One DNS record shows that it is yours."

    ada.verify_domain()
    assert next_stage(ada).startswith("Store recovery codes")
    ada.confirm_codes()
    assert next_stage(ada) == "Connect your identity provider Okta, Entra ID, Google or another."
    connection_id = ada.connect()
    assert next_stage(ada) == "Test it as yourself A test changes nobody's sign-in."
    ada.test_sign_in(connection_id)
    assert next_stage(ada) == "Require it 1 of 1 people are ready for it."

    ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
    assert "The way to single sign-on" not in ada.page()


def test_test_that_counts_no_more_is_the_next_stage_again(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.confirm_codes()
    ada.test_sign_in(ada.connect())

    for _ in range(2):
        ada.page()
        world.clock.advance(hours=13)

    assert next_stage(ada) == "Test it as yourself A test counts for a day: make another."


def next_stage(ada: Desk) -> str:
    """The stage that is marked as the next one."""
    (current,) = lxml.html.fromstring(ada.page()).xpath('//*[@id="way"]//*[@aria-current="step"]/div')
    return " ".join(" ".join(current.itertext()).split())


def test_page_says_what_becomes_of_guests(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()
    assert "guests at other domains cannot sign in." in ada.page()

    with world.transactions.writing(OPERATOR) as unit:
        organizations.to_edit(unit, ada.organization.id, Edit(guests=Guests.EMAIL_CODE)).apply()

    assert "guests at other domains use a code by email." in ada.page()


def test_administrator_without_a_proven_way_in_is_marked(world: World) -> None:
    ada = desk(world)
    ada.member("grace@acme.test", role="admin")

    ada.require_single_sign_on()

    page = flat(ada.page())
    assert "Signs in with single sign-on" in page
    assert "Has no proven way in" in page
    assert "They have not signed in through the identity provider with the settings in force." in page


def test_number_of_queries_does_not_depend_on_the_number_of_members(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.connect()
    before = [_queries(world, ada, url) for url in (PAGE, "/settings/members", "/settings/activity")]

    for number in range(40):
        ada.member(f"person{number}@acme.test", role="admin" if number % 2 else "member")

    assert [_queries(world, ada, url) for url in (PAGE, "/settings/members", "/settings/activity")] == before


def test_another_organization_sees_nothing_of_this_one(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()
    ada.organization.add_directory()

    eve = world.first_admin("eve@other.test", "Other")

    for url in (PAGE, "/settings/members", "/settings/activity"):
        text = eve.get(url).text
        assert "acme.test" not in text
        assert "Acme" not in text


def _queries(world: World, ada: Desk, url: str) -> int:
    with _counted(world) as statements:
        assert ada.browser.get(url).status_code == 200
    return len(statements)


@contextmanager
def _counted(world: World) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = world.transactions.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_page_counts_the_members_and_leads_to_them(world: World) -> None:
    ada = desk(world)
    assert "1 active member in all" in flat(ada.page())
    ada.member("grace@acme.test")

    assert "2 active members in all" in flat(ada.page())
