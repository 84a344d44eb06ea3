"""The page of who is ready: counted by reason, listed page by page, filtered, for settings in force and for others."""

from __future__ import annotations

import html
import re

from app.rules.actor import OPERATOR
from app.services import invitations
from tests.application import World
from tests.scenes import ADA, GRACE, HOST
from tests.web.settings.scenes import BY_HAND, Desk, desk, flat

GUEST = "guest@elsewhere.test"


def begin(world: World) -> tuple[Desk, str]:
    """A connection that Ada has tested, beside people who have not been there."""
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    ada.confirm_codes()
    for email in (GRACE, GUEST):
        ada.member(email)
    with world.transactions.writing(OPERATOR) as unit:
        invitations.invite(unit, ada.organization.id, email=f"new@{HOST}", role="member")
    ada.test_sign_in(connection_id)
    return ada, connection_id


def readiness(ada: Desk, connection_id: str, query: str = "") -> str:
    answer = ada.browser.get(f"/settings/connections/{connection_id}/readiness{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def listed(page: str) -> list[str]:
    """Whom the page lists, by name or address."""
    return re.findall(r'class="strong" href="/settings/members[^"]*">([^<]+)</a>', page)


def href(page: str, label: str) -> str:
    """The query that a link of the page asks with."""
    found = re.search(rf'href="[^"?]*(\?[^"]*)"[^>]*>(?:<svg.*?</svg>)?{label}', page)
    assert found is not None, label
    return html.unescape(found.group(1))


def test_each_person_is_ready_or_not_by_which_way_and_with_the_one_thing_to_do(world: World) -> None:
    ada, connection_id = begin(world)

    page = flat(readiness(ada, connection_id))

    assert "1 of 4 people ready" in page
    assert f"{ADA} Ready Single sign-on Came in with exactly these settings." in page
    assert (
        f"{GRACE} Not ready Single sign-on Never seen at the identity provider. Assign the application to them" in page
    )
    assert f"{GUEST} Not ready None Their address is at a domain that is not verified" in page
    assert "Let guests sign in by email, or verify their domain." in page
    assert f"new@{HOST} Not ready Single sign-on Invited, and has not answered yet. Have them accept" in page
    assert "Ready for the first day: 1 of 4 people ." in flat(ada.page())


def test_views_and_search_keep_each_other(world: World) -> None:
    ada, connection_id = begin(world)
    page = readiness(ada, connection_id)

    assert listed(readiness(ada, connection_id, href(page, "Ready 1"))) == ["Ada Admin"]
    assert len(listed(readiness(ada, connection_id, href(page, "Not ready 3")))) == 3
    domain = readiness(ada, connection_id, href(page, "Other domain 1"))
    assert listed(domain) == ["Guest"]
    assert '<input type="hidden" name="reason" value="other_domain">' in domain
    assert listed(readiness(ada, connection_id, f"{href(page, 'Not ready 3')}&text=GRA")) == ["Grace"]
    assert "Nobody matches" in readiness(ada, connection_id, f"{href(page, 'Other domain 1')}&text=grace")
    assert "text=gra" in href(readiness(ada, connection_id, "?text=gra"), "Not ready 3")
    assert len(listed(readiness(ada, connection_id, "?show=all&reason=tired"))) == 4


def test_many_people_come_page_by_page(world: World) -> None:
    ada, connection_id = begin(world)
    for number in range(101):
        ada.member(f"person{number:03}@{HOST}")

    pages = [readiness(ada, connection_id, "?show=not_ready")]
    while ">Next</a>" in pages[-1]:
        pages.append(readiness(ada, connection_id, href(pages[-1], "Next")))

    assert [len(listed(page)) for page in pages] == [50, 50, 4]
    assert len({name for page in pages for name in listed(page)}) == 104
    assert "From the start" not in pages[0]
    assert listed(readiness(ada, connection_id, href(pages[-1], "From the start"))) == listed(pages[0])


def test_waiting_settings_are_asked_of_beside_those_in_force(world: World) -> None:
    ada, connection_id = begin(world)
    ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
    ada.browser.submit(
        f"/settings/connections/{connection_id}/edit", **(BY_HAND | {"idp.sso_url": "https://idp.test/other"})
    )

    waiting = readiness(ada, connection_id)
    in_force = readiness(ada, connection_id, href(waiting, "With the settings in force"))

    assert "0 of 4 people ready" in flat(waiting)
    assert "Nobody has come in with exactly these settings yet." in flat(waiting)
    assert "1 of 4 people ready" in flat(in_force)
    assert "How people stand with the settings in force." in flat(in_force)
    assert "Have them sign in once" in flat(in_force)
    assert href(in_force, "With those that wait") in waiting.replace("&amp;", "&")


def test_readiness_for_a_revision_of_another_connection_is_not_found(world: World) -> None:
    ada, connection_id = begin(world)
    other = ada.connect(name="Another")
    revision = href(readiness(ada, other), "All")

    assert ada.browser.get(f"/settings/connections/{connection_id}/readiness{revision}").status_code == 404


def test_whom_only_the_directory_vouches_for_is_expected_and_listed_apart(world: World) -> None:
    ada, connection_id = begin(world)
    directory_id, scim = ada.organization.add_directory()
    ada.organization.map_group(scim.add_group("Admins", scim.add_user(ADA)))
    scim.add_user(GRACE)
    ada.organization.activate_directory(directory_id)

    page = readiness(ada, connection_id)

    assert f"{GRACE} Expected Single sign-on The directory lists them as active" in flat(page)
    assert f"{ADA} Ready Single sign-on Came in with exactly these settings." in flat(page)
    assert listed(readiness(ada, connection_id, href(page, "Never came yet 1"))) == ["Grace"]
