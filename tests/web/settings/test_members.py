"""Members on the settings pages: role, suspension and removal by hand, and why not."""

from __future__ import annotations

from app.rules.actor import OPERATOR
from app.services import roles
from tests.application import World
from tests.scenes import ADA, GRACE, found_organization, provisioned
from tests.services.test_authority import turn_off
from tests.web.settings.scenes import desk, flat, recovery_session, signed_in

LAST = "This would leave the organization without an administrator who can sign in"


def test_members_are_listed_with_role_and_reason(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)

    page = flat(ada.browser.get("/settings/members").text)

    assert "2 people in Acme" in page
    assert "Grace grace@acme.test" in page
    assert "Granted by hand" in page


def test_many_members_come_page_by_page(world: World) -> None:
    ada = desk(world)
    for number in range(120):
        ada.member(f"person{number:03}@acme.test")

    pages = [ada.browser.get("/settings/members").text]
    while 'href="/settings/members?after=' in pages[-1]:
        pages.append(ada.browser.get(_href(pages[-1], "after")).text)
    back = ada.browser.get(_href(pages[-1], "before")).text

    assert [page.count('<li id="mem_') for page in pages] == [50, 50, 21]
    assert back.count('<li id="mem_') == 50
    assert "person098@acme.test" in back
    assert _href(ada.browser.get(_href(back, "before")).text, "before") == ""


def test_role_is_given_by_hand(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)

    answer = ada.browser.submit(f"/settings/members/{grace.id}/role", role="admin")

    assert ada.organization.member(GRACE).role == "admin"
    assert "Role: Admin" in flat(ada.browser.get(answer.headers["Location"]).text)
    assert ada.browser.submit(f"/settings/members/{grace.id}/role", role="nonsense").status_code == 400


def test_last_administrator_keeps_the_role_and_stays(world: World) -> None:
    ada = desk(world)
    base = f"/settings/members/{ada.organization.admin_id}"

    for answer in (
        ada.browser.submit(f"{base}/role", role="member"),
        ada.browser.submit(f"{base}/suspend"),
        ada.browser.submit(f"{base}/remove", confirm=ADA),
    ):
        assert answer.status_code == 409
        assert LAST in answer.text
        assert "Make another active member who has signed in an admin first." in answer.text
    assert ada.organization.member(ADA).role == "admin"
    assert flat(ada.browser.get(base).text).count(LAST) == 3


def test_suspended_member_is_out_until_restored(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    browser = signed_in(world, GRACE)
    base = f"/settings/members/{grace.id}"
    assert "Ends 1 session." in flat(ada.browser.get(base).text)

    ada.browser.submit(f"{base}/suspend")

    assert browser.get("/profile").status_code == 303
    assert "Suspended" in ada.browser.get("/settings/members").text
    ada.browser.get(base)
    ada.browser.submit(f"{base}/restore")
    assert not ada.organization.member(GRACE).suspended


def test_member_whom_a_directory_deactivated_is_made_active_once_it_is_off(world: World) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.scim.add_user(GRACE), False)
    browser = signed_in(world, ADA)
    base = f"/settings/members/{scene.organization.member(GRACE).id}"
    activate = f"{base}/activate"
    why = "The directory lists grace@acme.test as inactive, or they were deleted there."

    refused = browser.submit(activate)

    assert refused.status_code == 409
    assert why in refused.text
    assert activate not in browser.get(base).text
    turn_off(scene.organization, scene.directory_id)
    assert activate in browser.get(base).text
    assert "member-activated" in browser.submit(activate).headers["Location"]
    assert scene.organization.member(GRACE).state == "active"
    assert "made active again" in flat(browser.get("/settings/audit").text)


def test_removing_a_member_takes_the_address(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    remove = f"/settings/members/{grace.id}/remove"

    assert ada.browser.submit(remove, confirm="grace").status_code == 400
    assert "member-removed" in ada.browser.submit(remove, confirm=GRACE).headers["Location"]
    assert GRACE not in ada.browser.get("/settings/members").text


def test_managed_member_is_not_removed_and_a_group_decides_the_role(world: World) -> None:
    scene = provisioned(world)
    browser = signed_in(world, ADA)
    base = f"/settings/members/{scene.organization.admin_id}"

    removed = browser.submit(f"{base}/remove", confirm=ADA)
    changed = browser.submit(f"{base}/role", role="member")

    assert removed.status_code == changed.status_code == 409
    assert "is managed by the directory." in removed.text
    assert "follows from a group." in changed.text
    assert "Managed by Okta" in browser.get("/settings/members").text
    assert "Managed by Okta." in flat(browser.get(base).text)


def test_recovery_session_makes_administrators_and_nothing_else(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    browser = recovery_session(world)
    base = f"/settings/members/{grace.id}"

    assert browser.submit(f"{base}/role", role="member").status_code == 403
    assert browser.submit(f"{base}/suspend").status_code == 403
    assert browser.submit(f"{base}/activate").headers["Location"] == base  # she is active: nothing was done
    assert browser.submit(f"{base}/remove", confirm=GRACE).status_code == 403
    assert "A recovery session cannot do this" in browser.get(base).text
    assert browser.submit(f"{base}/role", role="admin").status_code == 303
    assert ada.organization.member(GRACE).role == "admin"


def _href(page: str, cursor: str) -> str:
    found = page.partition(f'href="/settings/members?{cursor}=')[2].partition('"')[0]
    return f"/settings/members?{cursor}={found}" if found else ""


def test_page_of_a_member_says_which_group_decides_and_which_would_be_next(world: World) -> None:
    scene = provisioned(world)
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, scene.organization.id, slug="editor", name="Editor").apply()
    scene.organization.map_group(scene.scim.add_group("Editors", scene.ada), "editor")

    page = flat(signed_in(world, ADA).get(f"/settings/members/{scene.organization.admin_id}").text)

    assert "Role: Admin From the group Admins." in page
    assert "1. Mapped groups Admins gives Admin Decides Editors gives Editor" in page
    assert "2. Granted by hand Nothing 3. Default role Member" in page
    assert "Groups pushed by Okta, as of" in page
    assert "just now . Admins Editors" in page
    assert "They are an administrator who can get in." in page


def test_page_of_a_plain_member_says_how_they_sign_in_and_reports_no_fault(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    ada, path = signed_in(world, ADA), f"/settings/members/{scene.organization.member(GRACE).id}"

    page = flat(ada.get(path).text)
    assert "None of their groups gives a role." in page
    assert "Has not signed in yet." in page
    signed_in(world, GRACE)
    page = flat(ada.get(path).text)

    assert "Signs in with an emailed code." in page
    assert "They are not an administrator, and nothing keeps them from signing in." in page
    assert "Their role is not admin" not in page


def test_page_of_a_member_who_is_shut_out_says_what_keeps_them_out(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    ada.browser.get("/settings/members")
    assert ada.browser.submit(f"/settings/members/{grace.id}/suspend").status_code == 303

    page = flat(ada.browser.get(f"/settings/members/{grace.id}").text)

    assert "What keeps them from signing in They are suspended." in page


def test_page_of_an_administrator_who_never_signed_in_says_why_they_do_not_count(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_member(scene.admins, scene.scim.add_user(GRACE))

    page = flat(signed_in(world, ADA).get(f"/settings/members/{scene.organization.member(GRACE).id}").text)

    assert "Why they are not an administrator who can get in They have never signed in." in page


def test_page_of_a_member_on_hold_says_when_the_hold_ends(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)

    page = flat(signed_in(world, ADA).get(f"/settings/members/{scene.organization.admin_id}").text)

    assert "On hold: a push would have taken the last administrator." in page
    assert "It ends by itself as soon as another administrator can get in." in page


def test_own_page_on_hold_says_that_nobody_lifts_their_own_hold(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    path = f"/settings/members/{scene.organization.admin_id}"

    page = flat(signed_in(world, ADA).get(path).text)

    assert "Change role: You are on hold" in page.replace(" :", ":")
    assert "Save role" not in page


def test_page_of_a_member_without_a_directory_goes_by_their_sign_in(world: World) -> None:
    ada = desk(world)
    member = ada.member(GRACE, role="admin")

    page = flat(ada.browser.get(f"/settings/members/{member.id}").text)

    assert "No sign-in has said anything about their groups." in page
    assert "2. Granted by hand Admin, by an administrator" in page


def test_member_of_another_organization_has_no_page_here_and_nothing_is_done_to_them(world: World) -> None:
    ada = desk(world)
    other = found_organization(world, "eve@other.test", "Other")
    base = f"/settings/members/{other.admin_id}"

    assert ada.browser.get(base).status_code == 404
    for action in ("role", "suspend", "restore", "activate", "remove", "sessions/end-all"):
        ada.browser.get("/settings/members")
        answer = ada.browser.submit(f"{base}/{action}", role="member", confirm="eve@other.test")
        assert answer.status_code == 404, action
    eve = other.member("eve@other.test")
    assert (eve.role, eve.state, eve.suspended, eve.removed_at) == ("admin", "active", False, None)
