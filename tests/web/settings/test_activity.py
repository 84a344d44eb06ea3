"""The activity page: attempts with what to change, and changes with what was refused, in words."""

from __future__ import annotations

from tests.application import World
from tests.scenes import ADA, GRACE
from tests.web.settings.scenes import PAGE, desk, flat


def test_changes_are_told_in_words(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    ada.verify_domain()
    ada.browser.submit(f"/settings/members/{grace.id}/role", role="admin")

    page = flat(ada.browser.get("/settings/activity").text)

    assert f"{ADA} added the domain acme.test" in page
    assert f"{ADA} verified the domain acme.test" in page
    assert f"{ADA} granted a role to {GRACE}" in page
    assert "Granted Member → became Admin" in page
    assert "Role Member → became Admin" in page


def test_refusals_are_told_with_their_reason(world: World) -> None:
    ada = desk(world)
    ada.browser.submit(f"/settings/members/{ada.organization.admin_id}/suspend")

    page = flat(ada.browser.get("/settings/activity").text)

    assert f"{ADA} tried to suspend {ADA}" in page
    assert "This would leave the organization without an administrator who can sign in" in page


def test_attempts_say_what_was_expected_and_what_came(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    ada.test_sign_in(connection_id, "eve@acme.test")

    page = flat(ada.browser.get("/settings/activity").text)

    assert "test_as_someone_else" in page
    assert "Expected ada@acme.test" in page
    assert "Received eve@acme.test" in page
    assert "What to change Sign in at the identity provider as yourself" in page
    assert "an emailed code" in page


def test_refused_sign_in_tells_each_reader_what_they_can_do(world: World) -> None:
    ada = desk(world)
    ada.member("guest@other.test")
    ada.require_single_sign_on()
    guest = world.browser()
    refused = guest.sign_in("guest@other.test")
    assert refused.status_code == 403

    for_guest, for_ada = flat(refused.text), flat(ada.browser.get("/settings/activity").text)

    assert "Ask your administrator to allow guests" in for_guest.partition("What your IT department needs")[0]
    assert "Refused guest@other.test" in for_ada
    assert "They are a guest, and guests may not sign in while single sign-on is required." in for_ada
    assert "What to change Let guests sign in by email under Single Sign-On" in for_ada
    assert "your administrator" not in for_ada


def test_both_lists_go_back_page_by_page(world: World) -> None:
    ada = desk(world)
    for _ in range(30):
        ada.browser.submit("/settings/recovery-codes/confirm", stored="yes")
    first = ada.browser.get("/settings/activity").text
    older = first.partition('href="/settings/activity?changes=')[2].partition('"')[0]

    second = ada.browser.get(f"/settings/activity?changes={older}").text

    assert first.count('<li id="aud_') == 25
    assert 0 < second.count('<li id="aud_') < 25
    assert "founded the organization" in second
    assert ada.browser.get(PAGE).status_code == 200
