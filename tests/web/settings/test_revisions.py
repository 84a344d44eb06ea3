"""Revisions on the settings pages: what waits beside what is in force, put in force, taken back, dropped, looked up."""

from __future__ import annotations

import re

from sqlalchemy import delete

from app.rules.actor import OPERATOR
from app.store.connections import Proof
from tests.application import World
from tests.saml.forge import SSO_URL
from tests.scenes import ADA, GRACE
from tests.web.settings.scenes import BY_HAND, Desk, desk, flat

OTHER_URL = "https://idp.test/other"
LAST = "This would leave the organization without an administrator who can sign in"


def edit(ada: Desk, connection_id: str, sso_url: str = OTHER_URL) -> None:
    """Other settings that wait for their test."""
    answer = ada.browser.submit(f"/settings/connections/{connection_id}/edit", **(BY_HAND | {"idp.sso_url": sso_url}))
    assert "connection-saved" in answer.headers["Location"], answer.text


def replaced(world: World) -> tuple[Desk, str]:
    """The second revision is in force."""
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    edit(ada, connection_id)
    ada.test_sign_in(connection_id)
    answer = ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
    assert "revision-applied" in answer.headers["Location"], answer.text
    return ada, connection_id


def history(ada: Desk, connection_id: str, query: str = "") -> str:
    answer = ada.browser.get(f"/settings/connections/{connection_id}/revisions{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def leads_to(world: World) -> str:
    """The page that somebody who signs in is sent on from."""
    browser = world.browser()
    browser.get("/sign-in")
    return browser.submit("/sign-in", email=GRACE).text


def restore_of(page: str) -> str:
    """Where the button that goes back posts to."""
    (action,) = re.findall(r'action="(/settings/connections/\w+/revisions/\w+/restore)"', page)
    return str(action)


def test_edit_waits_with_its_differences_and_people_go_on_through_what_is_in_force(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()

    edit(ada, connection_id)

    page = flat(ada.page())
    assert "Revision 2 waits for its test" in page
    assert "People go on signing in through revision 1 until you put this one in force." in page
    assert f"Single sign-on URL {SSO_URL} {OTHER_URL}" in page
    assert SSO_URL in leads_to(world)
    assert OTHER_URL not in leads_to(world)


def test_swap_is_shown_first_with_how_many_are_ready_and_changes_nothing_until_confirmed(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    ada.member(GRACE)
    edit(ada, connection_id)
    ada.test_sign_in(connection_id)
    assert "Revision 2 waits for you" in ada.page()
    activate = f"/settings/connections/{connection_id}/activate"

    shown = ada.browser.submit(activate)
    still = leads_to(world)
    ada.browser.get("/settings/authentication")
    answer = ada.browser.submit_as_planned(activate)

    assert "Put the waiting settings of Acme Okta in force?" in flat(shown.text)
    assert "Known to be able to sign in on the first day: 1 of 2 people." in flat(shown.text)
    assert f'href="/settings/connections/{connection_id}/readiness?revision=' in shown.text
    assert SSO_URL in still
    assert "revision-applied" in answer.headers["Location"]
    assert OTHER_URL in leads_to(world)
    assert "The new settings are in force." in ada.browser.get(answer.headers["Location"]).text


def test_one_click_goes_back_to_the_previous_revision(world: World) -> None:
    ada, connection_id = replaced(world)

    answer = ada.browser.submit(restore_of(ada.page()))

    assert "revision-restored" in answer.headers["Location"]
    assert SSO_URL in leads_to(world)
    assert OTHER_URL not in leads_to(world)
    page = flat(history(ada, connection_id))
    assert "Revision 2 Previous" in page
    assert "Revision 1 In force" in page
    assert "went back to the previous settings of Acme Okta" in flat(ada.browser.get("/settings/audit").text)


def test_going_back_can_be_looked_at_first(world: World) -> None:
    ada, connection_id = replaced(world)

    shown = ada.browser.submit(f"{restore_of(history(ada, connection_id))}?dry_run=true")

    assert "Go back to the previous settings of Acme Okta?" in flat(shown.text)
    assert f"Afterwards an administrator can still get in: {ADA}" in flat(shown.text)
    assert "Revision 2 In force" in flat(history(ada, connection_id))


def test_going_back_that_would_lock_everybody_out_is_not_offered_and_is_refused(world: World) -> None:
    ada, connection_id = replaced(world)
    action = restore_of(ada.page())
    with world.transactions.writing(OPERATOR) as unit:  # as if she had become an administrator since
        unit.session.execute(delete(Proof).where(Proof.revision_id == action.split("/")[-2]))

    answer = ada.browser.submit(action)

    assert answer.status_code == 409
    assert LAST in answer.text
    assert f"Go back to revision 1: {LAST}" in flat(ada.page())
    assert "/restore" not in ada.page() + history(ada, connection_id)
    assert OTHER_URL in leads_to(world)


def test_discarded_settings_are_gone_from_the_card_and_stay_in_the_history(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    edit(ada, connection_id)
    (action,) = re.findall(r'action="(/settings/connections/\w+/revisions/\w+/discard)\?', ada.page())

    shown = ada.browser.submit(str(action))
    answer = ada.browser.submit_as_planned(str(action))

    assert "Discard the waiting settings of Acme Okta?" in flat(shown.text)
    assert "revision-discarded" in answer.headers["Location"]
    assert "Revision 2 waits" not in ada.page()
    assert "Revision 2 Discarded" in flat(history(ada, connection_id))
    assert ada.browser.submit(str(action)).status_code == 409
    assert f'value="{SSO_URL}"' in ada.browser.get(f"/settings/connections/{connection_id}/edit").text


def test_history_tells_who_when_by_which_proof_and_what_is_different(world: World) -> None:
    ada, connection_id = replaced(world)

    page = flat(history(ada, connection_id))

    assert "Differences are those to revision 2, which is in force." in page
    assert page.index("Revision 2 In force") < page.index("Revision 1 Previous")
    assert f"Put in force by {ADA}. Could get in then: {ADA}, with single sign-on." in page
    assert "1 person came in through it" in page
    assert f"Single sign-on URL {OTHER_URL} {SSO_URL}" in page


def test_long_history_comes_page_by_page(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    for number in range(22):
        edit(ada, connection_id, f"https://idp.test/{number}")

    first = history(ada, connection_id)
    rest = history(ada, connection_id, "?before=4")

    assert first.count("<h2>Revision") == 20
    assert 'href="?before=4"' in first
    assert re.findall(r"<h2>Revision (\d+)", rest) == ["3", "2", "1"]
    assert "Earlier revisions" not in rest
    assert history(ada, connection_id, "?before=x").count("<h2>Revision") == 20


def test_revisions_of_an_unknown_connection_are_not_found(world: World) -> None:
    ada = desk(world)

    for path in ("revisions", "readiness"):
        assert ada.browser.get(f"/settings/connections/conn_{'0' * 26}/{path}").status_code == 404


def test_settings_that_were_in_force_before_the_connection_was_turned_off_are_not_one_click_away(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    ada.browser.get("/settings/authentication")
    ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/deactivate")
    world.clock.advance(minutes=1)
    edit(ada, connection_id)
    ada.test_sign_in(connection_id)
    ada.browser.get("/settings/authentication")
    ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
    assert OTHER_URL in leads_to(world)

    page = history(ada, connection_id)

    assert "/restore" not in page
    assert "earlier" in page.lower()


def test_card_shows_what_going_back_changes_before_it_is_done(world: World) -> None:
    ada, _ = replaced(world)

    page = flat(ada.page())

    shown = page[page.index("What going back to revision 1 changes") :]
    assert f"Single sign-on URL {OTHER_URL} {SSO_URL}" in shown[: shown.index("Go back to revision 1")]
