"""Connections on the settings page: set up, tested as oneself, required, turned off, and why not."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.ports.sealing import KeyringSealing
from app.store.connections import ConnectionRevision
from tests.application import BASE_URL, World
from tests.saml.forge import ISSUER, SSO_URL, attributes
from tests.scenes import ADA
from tests.web.settings.scenes import BY_HAND, come_back, desk, filled_in, flat, signed_in, to_last_step


def test_setting_up_needs_a_verified_domain(world: World) -> None:
    ada = desk(world)

    answer = ada.browser.get("/settings/connections/new")

    assert answer.status_code == 409
    assert "Single sign-on needs a verified domain." in flat(answer.text)
    assert ada.browser.submit("/settings/connections/new", guide="saml-okta").status_code == 409


def test_wrong_settings_come_back_at_their_fields(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    href = to_last_step(ada.browser)

    answer = ada.browser.submit(href, **(BY_HAND | {"idp.sso_url": "nonsense"}))

    assert answer.status_code == 400
    assert 'id="connection-idp.sso_url-error"' in answer.text
    assert f'value="{ISSUER}"' in answer.text
    assert ada.browser.submit(href, **(BY_HAND | {"name": " "})).status_code == 400
    assert "There is no connection yet." in ada.page()


def test_unreachable_provider_is_an_error_at_its_field_and_secrets_do_not_come_back(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    href = to_last_step(ada.browser, "oidc-entra")

    answer = ada.browser.submit(
        href, name="Entra", issuer="https://idp.test", client_id="abc", client_secret="very-secret-value"
    )

    assert answer.status_code == 400
    assert 'id="connection-issuer-error"' in answer.text
    assert 'type="password"' in answer.text
    assert "very-secret-value" not in answer.text


def test_test_sign_in_shows_what_came_and_what_would_follow(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()

    page = ada.browser.get(ada.test_sign_in(connection_id)).text

    assert "The identity provider works. Something is still missing." in flat(page)
    assert "No administrator has confirmed that the recovery codes are stored." in flat(page)
    assert "Email address ada@acme.test email" in flat(page)
    assert "Name Alice Archer firstName , lastName" in flat(page)
    assert "it , staff" in flat(page)
    assert "Admin" in flat(page)
    assert "it worked." in flat(ada.page())
    assert "Signing certificates, valid until 20" in flat(ada.page())


def test_test_sign_in_says_what_looks_otherwise_than_meant(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    leaving = ada.browser.submit(f"/settings/connections/{connection_id}/test")

    answer = come_back(ada.browser, connection_id, leaving, ADA, also=attributes(email=(ADA,), Role=("it",)))

    page = flat(ada.browser.get(answer.headers["Location"]).text)
    assert "Is this as it should be? No groups were found. If “Role” holds them" in page
    assert "Is this as it should be?" not in flat(ada.browser.get(ada.test_sign_in(connection_id)).text)


def test_test_sign_in_as_someone_else_fails_with_both_addresses(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()

    page = flat(ada.browser.get(ada.test_sign_in(connection_id, "grace@acme.test")).text)

    assert "The identity provider says you are someone else." in page
    assert "Expected ada@acme.test Received grace@acme.test" in page
    assert "Reference number sin_" in page


def test_result_of_a_test_is_for_its_tester_and_for_a_day(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    result = ada.test_sign_in(ada.connect())
    ada.member("grace@acme.test", role="admin")
    grace = signed_in(world, "grace@acme.test")

    assert grace.get(result).status_code == 404
    assert ada.browser.get(result.replace("conn_", "conn_x")).status_code == 404
    world.clock.advance(hours=23, minutes=59)
    assert ada.browser.get(result).status_code == 200
    world.clock.advance(minutes=2)
    ada.browser.sign_in(ADA)
    assert ada.browser.get(result).status_code == 404


def test_activation_without_a_test_is_refused(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()

    answer = ada.browser.submit(f"/settings/connections/{connection_id}/activate")

    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert "You have not completed a test sign-in with these settings within the last 24 hours." in answer.text
    assert "Everyone signs in with a code by email." in ada.page()
    assert "tried to require single sign-on through Acme Okta" in flat(ada.browser.get("/settings/activity").text)


def test_activation_without_stored_codes_is_refused(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    ada.test_sign_in(connection_id)

    answer = ada.browser.submit(f"/settings/connections/{connection_id}/activate")

    assert answer.status_code == 409
    assert "No administrator has confirmed that the recovery codes are stored." in answer.text


def test_required_single_sign_on_sends_people_to_the_provider_and_keeps_the_acting_session(world: World) -> None:
    ada = desk(world)
    ada.member("grace@acme.test")
    grace = signed_in(world, "grace@acme.test")

    ada.require_single_sign_on()

    assert "Everyone at acme.test signs in through Acme Okta" in flat(ada.page())
    assert grace.get("/profile").status_code == 303
    grace.get("/sign-in")
    assert SSO_URL in grace.submit("/sign-in", email="grace@acme.test").text


def test_activation_says_beforehand_what_it_does(world: World) -> None:
    ada = desk(world)
    ada.member("grace@acme.test")
    ada.member("guest@other.test")
    signed_in(world, "grace@acme.test")
    ada.verify_domain()
    connection_id = ada.connect()
    ada.confirm_codes()
    ada.test_sign_in(connection_id)

    shown = ada.browser.submit(f"/settings/connections/{connection_id}/activate")

    page = flat(shown.text)
    assert shown.status_code == 200
    assert "Everyone at your verified domains signs in through Acme Okta from then on." in page
    assert "1 person cannot sign in any more." in page
    assert "guest@other.test Cannot sign in" in page
    assert "Emailed code becomes None: a guest at another domain" in page
    assert "1 person signs in by a way, or through settings, that they have not used yet." in page
    assert "Ends 1 session opened otherwise; yours stays." in page
    assert "Afterwards an administrator can still get in: ada@acme.test, with single sign-on ." in page
    assert "Everyone signs in with a code by email." in ada.page()


def test_activation_that_changes_nothing_but_the_way_in_says_so(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    ada.confirm_codes()
    ada.test_sign_in(connection_id)

    page = flat(ada.browser.submit(f"/settings/connections/{connection_id}/activate?dry_run=true").text)

    assert "For 1 person the role stays; where it comes from, or the way in, changes." in page
    assert "Emailed code becomes Single sign-on" in page


def test_deactivation_turns_email_codes_on_again(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    deactivate = f"/settings/connections/{connection_id}/deactivate"

    assert "connection-deactivated" in ada.browser.submit(deactivate).headers["Location"]
    assert "Everyone signs in with a code by email." in ada.page()
    answer = ada.browser.submit(deactivate)
    assert answer.status_code == 409
    assert "This connection is not active." in answer.text


def test_single_sign_on_moves_to_another_connection_in_one_step_and_back(world: World) -> None:
    ada = desk(world)
    first = ada.require_single_sign_on()
    second = ada.connect(name="Acme Entra")
    assert "Activating it moves everyone from Acme Okta to this one" in flat(ada.page())
    ada.test_sign_in(second)

    shown = flat(ada.browser.submit(f"/settings/connections/{second}/activate?dry_run=true").text)
    moved = ada.browser.submit_as_planned(f"/settings/connections/{second}/activate")

    assert "Move everyone from Acme Okta to Acme Entra?" in shown
    assert "Acme Okta ends in the same instant" in shown
    assert "connection-moved" in moved.headers["Location"]
    page = flat(ada.page())
    assert re.search("Acme Okta SAML 2.0 Off", page)
    assert re.search("Acme Entra SAML 2.0 Active", page)
    assert ada.lets_in(second)
    assert ada.world.browser().client.get(f"/saml/{first}/login", base_url=BASE_URL).status_code == 404
    back = ada.browser.submit_as_planned(f"/settings/connections/{first}/activate")  # her test of it is of today
    assert "connection-moved" in back.headers["Location"]
    assert ada.lets_in(first)


def test_active_connection_is_not_deleted_and_another_one_only_by_its_name(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    delete = f"/settings/connections/{connection_id}/delete"

    refused = ada.browser.submit(delete, confirm="Acme Okta")
    ada.browser.submit(f"/settings/connections/{connection_id}/deactivate")
    mistyped = ada.browser.submit(delete, confirm="acme okta")

    assert refused.status_code == 409
    assert "This connection is active." in refused.text
    assert mistyped.status_code == 400
    assert "connection-deleted" in ada.browser.submit(delete, confirm="Acme Okta").headers["Location"]
    assert "No connection yet" in ada.page()


def test_edit_of_an_active_connection_waits_for_its_test(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    edit = f"/settings/connections/{connection_id}/edit"
    page = flat(ada.browser.get(edit).text)
    assert "What you save here takes over after its own test sign-in." in page
    assert f'value="{SSO_URL}"' in ada.browser.page

    answer = ada.browser.submit(edit, **(BY_HAND | {"idp.sso_url": "https://idp.test/other"}))

    assert "connection-saved" in answer.headers["Location"]
    assert "Revision 2 waits for its test" in ada.page()
    assert ada.browser.submit(f"/settings/connections/{connection_id}/activate").status_code == 409


def test_edit_begins_with_what_is_there_so_that_one_thing_is_changed(world: World) -> None:
    ada = desk(world)
    edit = f"/settings/connections/{ada.require_single_sign_on()}/edit"

    answer = ada.browser.submit(edit, **filled_in(ada.browser.get(edit).text) | {"allow_idp_initiated": "yes"})

    assert "connection-saved" in answer.headers["Location"]
    page = flat(ada.page())
    assert "Revision 2 waits for its test" in page
    assert "Single sign-on URL" not in page[page.index("Revision 2 waits") : page.index("Before it can be put")]


def test_form_that_is_saved_as_it_came_only_renames(world: World) -> None:
    ada = desk(world)
    edit = f"/settings/connections/{ada.require_single_sign_on()}/edit"
    filled = {name: value.replace("\n", "\r\n") for name, value in filled_in(ada.browser.get(edit).text).items()}

    assert "connection-renamed" in ada.browser.submit(edit, **filled | {"name": "Renamed"}).headers["Location"]


def test_renaming_makes_no_new_revision(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()

    edit = f"/settings/connections/{connection_id}/edit"
    answer = ada.browser.submit(edit, **filled_in(ada.browser.get(edit).text) | {"name": "Okta for Acme"})

    assert "connection-renamed" in answer.headers["Location"]
    assert "Okta for Acme" in ada.page()
    assert "Revision 2" not in ada.page()


def test_wrong_edit_comes_back_at_its_field(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    edit = f"/settings/connections/{ada.connect()}/edit"

    answer = ada.browser.submit(edit, **{"name": "Okta", "idp.entity_id": "x"})

    assert answer.status_code == 400
    assert "This is needed where there is no metadata." in answer.text


def test_connection_whose_secret_key_is_gone_is_mended_by_editing_it(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    lost = KeyringSealing(("a-secret-key-that-is-gone-0123456789",))
    with world.transactions.writing() as unit:
        for row in unit.session.scalars(select(ConnectionRevision)):
            row.sealed_secrets = lost.seal("{}", place=f"connection_revisions/{row.id}")

    edit = f"/settings/connections/{connection_id}/edit"
    answer = ada.browser.submit(edit, **filled_in(ada.browser.get(edit).text) | {"allow_idp_initiated": "yes"})

    assert "connection-saved" in answer.headers["Location"]
    assert "Revision 2 waits for its test" in flat(ada.page())
    ada.test_sign_in(connection_id)
    assert "Put in force" in ada.page()
