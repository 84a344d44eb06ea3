"""Single sign-on set up through a link: made, edited and tested by somebody who is no member, activated by others."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.rules.actor import ActorKind
from app.rules.setup_links import Scope
from app.services import connections
from app.store.audit import AuditEntry
from app.store.connections import Proof
from app.store.members import Member
from tests.application import Browser, World
from tests.scenes import ADA, GRACE, HOST
from tests.web.settings.scenes import BY_HAND, PAGE, Desk, come_back, desk, filled_in, flat, signed_in, to_last_step
from tests.web.setup.scenes import connect, holder, make_link, open_link, ready, revoke_all

#: Who signs in at the provider: an account of theirs there, at a verified domain.
ACCOUNT = "kim@acme.test"
EDITED = BY_HAND | {"name": "Kim's provider", "idp.sso_url": "https://idp.test/other"}


def try_out(kim: Browser, connection_id: str, email: str = ACCOUNT) -> str:
    """A test sign-in through the identity provider: where its result stands."""
    kim.get("/setup/sso")
    leaving = kim.submit(f"/setup/sso/{connection_id}/test")
    assert leaving.status_code == 200, leaving.text
    answer = come_back(kim, connection_id, leaving, email)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def revision(ada: Desk, connection_id: str) -> str:
    with ada.world.transactions.reading() as unit:
        return connections.read(unit, ada.organization.id, connection_id).latest_revision


def test_holder_sets_up_and_tests_what_an_administrator_then_tests_and_activates(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    assert "No connection yet" in flat(kim.page)

    connection_id = connect(kim)
    assert "Connection saved." in flat(kim.get("/setup/sso?done=connection-saved").text)
    shown = flat(kim.get(try_out(kim, connection_id)).text)

    assert "The identity provider works with these settings." in shown
    assert ACCOUNT in shown
    assert "Your last test" in flat(kim.get("/setup/sso").text)
    ada.confirm_codes()
    ada.test_sign_in(connection_id)
    answer = ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
    assert answer.status_code == 303, answer.text
    assert "Single sign-on is in force already." in flat(kim.get("/setup/sso").text)


def test_test_of_a_holder_makes_nobody_signs_nobody_in_and_proves_nothing(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    connection_id = connect(kim)

    for email in (ACCOUNT, ADA):
        try_out(kim, connection_id, email)

    with world.transactions.reading() as unit:
        assert [member.email for member in unit.session.scalars(select(Member))] == [ADA]
        assert list(unit.session.scalars(select(Proof))) == []
    assert kim.get("/profile").headers["Location"] == "/sign-in"
    ada.confirm_codes()
    answer = ada.browser.submit(f"/settings/connections/{connection_id}/activate")
    assert answer.status_code == 409
    assert "You have not completed a test sign-in with these settings" in flat(answer.text)


def test_result_of_a_test_is_for_its_own_link_and_for_a_day(world: World) -> None:
    ada = ready(world)
    url = make_link(ada)
    kim = open_link(world, url)
    result = try_out(kim, connect(kim))

    assert kim.get(result).status_code == 200
    assert holder(ada).get(result).status_code == 404
    assert ada.browser.get(result.replace("/setup/sso", "/settings/connections")).status_code == 404
    world.clock.advance(hours=23)
    assert open_link(world, url).get(result).status_code == 200
    world.clock.advance(hours=1)
    assert open_link(world, url).get(result).status_code == 404


def test_test_that_was_left_does_not_hide_the_last_one_that_was_finished(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    connection_id = connect(kim)
    try_out(kim, connection_id)
    kim.get("/setup/sso")
    assert kim.submit(f"/setup/sso/{connection_id}/test").status_code == 200
    world.clock.advance(minutes=11)
    world.work()

    assert "Your last test" in flat(kim.get("/setup/sso").text)


def test_test_that_comes_back_after_the_link_was_revoked_is_turned_away(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    connection_id = connect(kim)
    kim.get("/setup/sso")
    leaving = kim.submit(f"/setup/sso/{connection_id}/test")
    revoke_all(ada)

    answer = come_back(kim, connection_id, leaving, ACCOUNT)

    assert answer.status_code == 403
    assert ACCOUNT not in answer.text
    assert kim.get("/setup/sso").headers["Location"] == "/setup?ended"


def test_failed_test_says_what_to_mend(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    connection_id = connect(kim, **{"idp.entity_id": "https://idp.test/somebody-else"})

    shown = flat(kim.get(try_out(kim, connection_id)).text)

    assert "The test failed." in shown
    assert "What happened" in shown


def test_connection_in_force_is_neither_shown_edited_nor_tested(world: World) -> None:
    ada = ready(world)
    connection_id = ada.connect(name="In force already")
    ada.confirm_codes()
    ada.test_sign_in(connection_id)
    assert ada.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate").status_code == 303
    before = revision(ada, connection_id)
    kim = holder(ada)

    assert "In force already" not in kim.page
    for answer in (
        kim.get(f"/setup/sso/{connection_id}/edit"),
        kim.submit(f"/setup/sso/{connection_id}/edit", **EDITED),
        kim.submit(f"/setup/sso/{connection_id}/test"),
    ):
        assert answer.status_code == 409
        assert "a setup link changes nothing that is" in flat(answer.text)
    assert revision(ada, connection_id) == before


def test_edit_of_a_holder_voids_the_test_of_the_administrator(world: World) -> None:
    ada = ready(world)
    connection_id = ada.connect()
    ada.confirm_codes()
    ada.test_sign_in(connection_id)
    kim = holder(ada)
    kim.get(f"/setup/sso/{connection_id}/edit")

    assert kim.submit(f"/setup/sso/{connection_id}/edit", **EDITED).status_code == 303

    ada.browser.get(PAGE)
    assert ada.browser.submit(f"/settings/connections/{connection_id}/activate").status_code == 409


def test_activation_names_the_link_of_the_settings_until_an_administrator_changes_them(world: World) -> None:
    ada = ready(world)
    ada.confirm_codes()
    kim = open_link(world, make_link(ada, note="Kim of Consulting"))
    connection_id = connect(kim)
    activate = f"/settings/connections/{connection_id}/activate?dry_run=true"
    ada.test_sign_in(connection_id)

    assert "Kim of Consulting" in flat(ada.browser.submit(activate).text)
    ada.browser.get(f"/settings/connections/{connection_id}/edit")
    assert ada.browser.submit(f"/settings/connections/{connection_id}/edit", **BY_HAND).status_code == 303
    ada.test_sign_in(connection_id)
    assert "Kim of Consulting" not in flat(ada.browser.submit(activate).text)


def test_renaming_makes_no_new_revision_and_wrong_settings_come_back_at_their_fields(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    connection_id = connect(kim)
    before = revision(ada, connection_id)
    href = f"/setup/sso/{connection_id}/edit"
    form = filled_in(kim.get(href).text)

    assert "connection-renamed" in kim.submit(href, **form | {"name": "Renamed"}).headers["Location"]
    wrong = kim.submit(href, **(BY_HAND | {"idp.sso_url": "nowhere"}))

    assert wrong.status_code == 400
    assert 'aria-invalid="true"' in wrong.text
    assert revision(ada, connection_id) == before


def test_what_a_holder_does_is_in_the_audit_log_as_done_through_the_link(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    connection_id = connect(kim)
    try_out(kim, connection_id)
    kim.get(f"/setup/sso/{connection_id}/edit")
    kim.submit(f"/setup/sso/{connection_id}/edit", **EDITED)

    with world.transactions.reading() as unit:
        entries = list(unit.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    theirs = [entry.action for entry in entries if entry.actor_kind == ActorKind.SETUP_LINK]
    assert theirs == [
        "setup_link.used",
        "connection.setup_begun",
        "connection.created",
        "connection.test_begun",
        "connection.updated",
    ]
    shown = flat(ada.browser.get("/settings/audit").text)
    assert "made by ada@acme.test" in shown
    assert "Setup link" in shown


@pytest.mark.parametrize("scope", Scope)
def test_holder_is_told_whose_organization_it_is_and_who_made_the_link(world: World, scope: Scope) -> None:
    shown = flat(holder(ready(world), scope).page)

    assert "for Acme" in shown
    assert "You are here by a setup link of ada@acme.test." in shown


def test_holder_learns_nothing_to_mend_that_only_an_administrator_can_mend(world: World) -> None:
    ada = ready(world)
    kim = holder(ada)
    href = to_last_step(kim, at="/setup/sso")
    domain = ada.browser.get(PAGE).text.split("/settings/domains/")[1].split("/")[0]
    removed = ada.browser.submit_as_planned(f"/settings/domains/{domain}/remove", confirm=HOST)
    assert removed.status_code == 303, removed.text

    shown = flat(kim.get("/setup/sso").text)

    assert "Ask whoever sent you the link." in shown
    assert "Verify your email domain" not in shown
    assert kim.submit("/setup/sso/new", guide="saml-okta").status_code == 409
    assert kim.submit(href, **BY_HAND).status_code == 409
    assert "There is no connection yet." in ada.page()


def test_connection_in_force_is_not_named_to_a_holder(world: World) -> None:
    """Its id stands in the address at which everybody signs in."""
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    kim = holder(ada)
    assert "Acme Okta" not in kim.page

    answer = kim.get(f"/setup/sso/{connection_id}/test")

    assert answer.status_code == 409
    assert "Acme Okta" not in answer.text


def test_holder_is_not_told_who_began_a_setup(world: World) -> None:
    ada = ready(world)
    ada.member(GRACE, role="admin")
    grace = signed_in(world, GRACE)
    grace.get("/settings/connections/new")
    assert grace.submit("/settings/connections/new", guide="saml-okta").status_code == 303
    assert GRACE in ada.page()

    shown = flat(holder(ada).get("/setup/sso").text)

    assert "Being set up" in shown
    assert GRACE not in shown
