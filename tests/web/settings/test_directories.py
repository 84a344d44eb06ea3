"""Directories, their tokens and the mappings of their groups on the settings page."""

from __future__ import annotations

import re

import pytest

from app.rules.actor import OPERATOR
from app.services import directories
from app.services.directories import Provider
from tests.application import World
from tests.scenes import ADA, GRACE, provisioned
from tests.web.settings.scenes import PAGE, Desk, anchor, desk, flat, recovery_session, signed_in


def test_directory_needs_a_verified_domain(world: World) -> None:
    ada = desk(world)

    answer = ada.browser.submit("/settings/directories", name="Okta", provider="okta")

    assert answer.status_code == 409
    assert "Directory provisioning needs a verified domain." in answer.text
    assert "No directory yet" in ada.page()


def test_added_directory_waits_for_its_first_request(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()

    answer = ada.browser.submit("/settings/directories", name="Acme Okta", provider="okta")

    assert "directory-added" in answer.headers["Location"]
    assert "Waiting for the first request from Okta." in flat(ada.page())


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        (Provider.OKTA, "Unique identifier field for users userName"),
        (Provider.ENTRA, "Tenant URL the base URL, as it is or followed by ?aadOptscim062020"),
        (Provider.GENERIC, "bearer token, sent as Authorization: Bearer"),
    ],
)
def test_card_and_new_token_say_what_to_enter_at_the_provider(world: World, provider: Provider, told: str) -> None:
    ada = desk(world)
    ada.verify_domain()
    directory_id, _ = ada.organization.add_directory(provider)

    answer = ada.browser.submit(f"/settings/directories/{directory_id}/tokens", expires_in="30")

    assert told in flat(answer.text)
    assert told in flat(ada.page())


def test_pushing_that_goes_wrong_is_told_with_its_commonest_reason(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    directory_id, client = ada.organization.add_directory(Provider.OKTA)
    for _ in range(10):
        assert client.request("POST", "/Users", {"userName": ""}).status_code == 400
    world.program.request_log.flush()

    page = flat(ada.page())

    assert "10 of the last 10 requests were refused. Most often: " in page
    assert f'href="{PAGE}/directories/{directory_id}/requests?outcome=refused"' in ada.browser.page


def test_token_that_nobody_uses_is_named_after_90_days(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.organization.add_directory(Provider.OKTA)
    world.clock.advance(days=91)

    assert "was not used for 90 days. If nothing pushes with it any more, revoke it" in flat(
        signed_in(world, ADA).get(PAGE).text
    )


def test_form_of_another_directory_has_a_heading(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    assert "Add another directory" not in ada.page()

    ada.organization.add_directory()

    assert "<h3>Add another directory</h3>" in ada.page()


def test_wrong_directory_comes_back_with_the_form(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()

    nameless = ada.browser.submit("/settings/directories", name=" ", provider="okta")
    unknown = ada.browser.submit("/settings/directories", name="Okta", provider="nobody")

    assert nameless.status_code == unknown.status_code == 400
    assert "This must not be empty." in nameless.text
    assert "Choose who pushes." in unknown.text


def test_token_is_shown_once_pushes_and_is_revoked(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    directory_id, _ = ada.organization.add_directory()

    answer = ada.browser.submit(f"/settings/directories/{directory_id}/tokens", label="prod")

    secret = re.findall(r"scim_[\w-]{30,}", answer.text)[0]
    page = ada.page()
    assert secret not in page
    assert f"scim_…{secret[-4:]}" in page
    token_id = re.findall(rf"{directory_id}/tokens/(tok_\w+)/revoke", page)[-1]
    revoked = ada.browser.submit(f"/settings/directories/{directory_id}/tokens/{token_id}/revoke")
    assert "token-revoked" in revoked.headers["Location"]
    assert secret[-4:] not in ada.page()


def test_label_of_a_token_has_its_limits(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    directory_id, _ = ada.organization.add_directory()

    answer = ada.browser.submit(f"/settings/directories/{directory_id}/tokens", label="x" * 300)

    assert answer.status_code == 400
    assert "No token was made." in answer.text


def test_directory_without_a_future_administrator_is_not_activated(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.confirm_codes()
    directory_id, scim = ada.organization.add_directory()
    scim.add_user(ADA)

    answer = ada.browser.submit(f"/settings/directories/{directory_id}/activate")

    assert answer.status_code == 409
    assert "Nobody in this directory would be an administrator." in answer.text
    page = ada.page()
    assert "Nobody in this directory would be an administrator." in page
    assert '<a href="/settings/authentication#directory-mappings">Go to Groups and roles</a>' in page
    assert 'id="directory-mappings"' in page


def test_directory_is_activated_turned_off_and_deleted(world: World) -> None:
    ada, directory_id = pushed(world)
    base = f"/settings/directories/{directory_id}"

    assert "1 person in it would be one." in flat(ada.page())
    assert "directory-activated" in ada.browser.submit_as_planned(f"{base}/activate").headers["Location"]
    assert ada.browser.submit(f"{base}/activate").status_code == 409
    assert "From the group Admins" in ada.page()
    ada.connect()
    assert "Keep newcomers out: Counts again once no directory is active." in flat(ada.page())
    assert "Turn Okta off?" in ada.browser.submit(f"{base}/deactivate").text
    assert "directory-deactivated" in ada.browser.submit_as_planned(f"{base}/deactivate").headers["Location"]
    assert ada.browser.submit(f"{base}/deactivate").status_code == 409
    assert ada.browser.submit_as_planned(f"{base}/delete", confirm="no").status_code == 400
    assert "directory-deleted" in ada.browser.submit_as_planned(f"{base}/delete", confirm="Okta").headers["Location"]
    assert "No directory yet" in ada.page()
    assert "Kept from a directory that was turned off" in ada.page()


def test_mapping_is_added_and_removed(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    _, scim = ada.organization.add_directory()
    group = scim.add_group("Engineering", scim.add_user("grace@acme.test"))

    answer = ada.browser.submit_as_planned("/settings/role-mappings", source="directory", group=group, role="member")

    assert anchor(answer) == "directory-mappings"
    again = ada.browser.submit("/settings/role-mappings", source="directory", group=group, role="member")
    assert again.status_code == 409
    assert "This group is mapped to this role already." in again.text
    mapping_id = re.findall(r"role-mappings/(map_\w+)/remove", ada.page())[0]
    removed = ada.browser.submit(f"/settings/role-mappings/{mapping_id}/remove")
    assert "mapping-removed" in removed.headers["Location"]
    assert "No group gives a role yet." in ada.page()


def test_wrong_mappings_come_back_at_their_fields(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.organization.add_directory()

    unknown_group = ada.browser.submit("/settings/role-mappings", source="directory", group="nobody", role="member")
    unknown_role = ada.browser.submit("/settings/role-mappings", source="directory", group="x", role="nobody")
    unknown_source = ada.browser.submit("/settings/role-mappings", source="elsewhere", group="x", role="member")

    assert "No directory of this organization has a group with this id." in unknown_group.text
    assert "There is no such role." in unknown_role.text
    assert unknown_group.status_code == unknown_role.status_code == unknown_source.status_code == 400


def test_group_of_a_sign_in_is_mapped_by_its_value(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.connect()

    answer = ada.browser.submit_as_planned("/settings/role-mappings", source="sign_in", group="staff", role="member")

    assert anchor(answer) == "sign-in-mappings"
    assert "staff" in ada.page()


def test_mapping_that_makes_the_last_administrator_stays(world: World) -> None:
    scene = provisioned(world)
    browser = signed_in(world, ADA)
    browser.get(PAGE)
    mapping_id = re.findall(r'id="(map_\w+)-why"', browser.page)[0]

    answer = browser.submit(f"/settings/role-mappings/{mapping_id}/remove")

    assert answer.status_code == 409
    assert "This would leave the organization without an administrator who can sign in" in answer.text
    assert scene.organization.member(ADA).role == "admin"


def test_hold_stands_on_the_page_with_its_repairs(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    browser = signed_in(world, ADA)

    page = flat(browser.get(PAGE).text)

    assert "Ada is kept as administrator, although the directory says otherwise." in page
    assert "Okta took the admin role from Ada, the last administrator who could sign in ( just now )." in page
    assert "On hold" in page
    answer = browser.submit(f"/settings/directories/{scene.directory_id}/deactivate")
    assert answer.status_code == 409
    assert "An administrator is on hold because of this directory." in answer.text


def test_recovery_session_of_someone_on_hold_may_turn_the_directory_off(world: World) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.ada, False)
    browser = recovery_session(world)
    assert "They come in with a recovery code only." in flat(browser.page)

    answer = browser.submit_as_planned(f"/settings/directories/{scene.directory_id}/deactivate")

    assert "directory-deactivated" in answer.headers["Location"]


def pushed(world: World) -> tuple[Desk, str]:
    """A directory that could be activated: Ada is in a group mapped to admin."""
    ada = desk(world)
    ada.verify_domain()
    ada.confirm_codes()
    directory_id, scim = ada.organization.add_directory(Provider.OKTA)
    ada.organization.map_group(scim.add_group("Admins", scim.add_user(ADA)))
    return ada, directory_id


def test_mapping_that_takes_something_is_shown_first_and_made_from_there(world: World) -> None:
    scene = provisioned(world)
    browser = signed_in(world, ADA)
    lin = scene.scim.add_user("lin@acme.test")
    staff = scene.scim.add_group("Staff", lin)
    scene.organization.map_group(staff)
    browser.get(PAGE)
    mapping_id = max(re.findall(r"role-mappings/(map_\w+)/remove", browser.page))

    shown = browser.submit(f"/settings/role-mappings/{mapping_id}/remove")

    page = flat(shown.text)
    assert shown.status_code == 200
    assert "Remove the mapping of Staff to Admin?" in page
    assert "1 person is no longer an administrator." in page
    assert "lin@acme.test No longer an administrator Admin From the group Staff becomes Member The default role" in page
    assert "Afterwards an administrator can still get in: ada@acme.test, with an emailed code ." in page
    assert scene.organization.member("lin@acme.test").role == "admin"
    done = browser.submit_as_planned(f"/settings/role-mappings/{mapping_id}/remove")
    assert "mapping-removed" in done.headers["Location"]
    assert scene.organization.member("lin@acme.test").role == "member"


def test_plan_that_has_come_to_take_more_is_shown_again_instead_of_being_made(world: World) -> None:
    scene = provisioned(world)
    browser = signed_in(world, ADA)
    staff = scene.scim.add_group("Staff", scene.scim.add_user("lin@acme.test"))
    scene.organization.map_group(staff)
    browser.get(PAGE)
    remove = f"/settings/role-mappings/{max(re.findall(r'role-mappings/(map_.*?)/remove', browser.page))}/remove"
    shown = re.findall(r'name="plan_hash" value="([^"]+)"', browser.submit(f"{remove}?dry_run=true").text)[0]
    scene.scim.add_member(staff, scene.scim.add_user("may@acme.test"))

    again = browser.submit(remove, plan_hash=shown)

    assert again.status_code == 412
    assert "Since you looked, this has come to do more than you were shown. Nothing was changed." in again.text
    assert "2 people are no longer administrators." in again.text
    assert scene.organization.member("lin@acme.test").role == "admin"


@pytest.mark.parametrize("shown", ["", "nonsense"])
def test_form_without_a_real_hash_changes_nothing(world: World, shown: str) -> None:
    ada, directory_id = pushed(world)

    answer = ada.browser.submit(f"/settings/directories/{directory_id}/activate", plan_hash=shown)

    assert answer.status_code == 412
    assert "directory-deactivated" not in answer.text
    assert "Let Okta decide who is a member?" in answer.text


def test_mapping_left_by_a_deleted_directory_is_shown_and_can_be_removed(world: World) -> None:
    scene = provisioned(world)
    organization = scene.organization
    mapping_id = organization.map_group(scene.scim.add_group("Staff", scene.scim.add_user(GRACE)), "member")
    with world.transactions.writing(OPERATOR) as unit:
        assert directories.to_delete(unit, organization.id, scene.directory_id).apply() is None
    browser = signed_in(world, ADA)

    page = flat(browser.get(PAGE).text)
    assert "No directory yet" in page
    assert "Staff Group deleted" in page

    assert browser.submit(f"/settings/role-mappings/{mapping_id}/remove").status_code == 303
    assert "Staff" not in flat(browser.get(PAGE).text)
