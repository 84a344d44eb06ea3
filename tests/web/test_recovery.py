"""A recovery session through the browser: what it reaches, what it may do, and the new set after the last code."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.rules.roles import GroupSource
from app.services import directories, members, recovery, role_mappings
from app.web.routes import TABLE, Caller
from tests.application import BASE_URL, Browser, World
from tests.scenes import ADA, GRACE, found_organization, provisioned
from tests.web.settings.scenes import PAGE, Desk, desk, flat, recovery_session, signed_in

EDSGER = "edsger@acme.test"


def come_in(world: World, code: str) -> tuple[Browser, TestResponse]:
    """A browser in which Ada uses a recovery code, and the answer to that."""
    browser = world.browser()
    browser.get("/recover")
    browser.submit("/recover", email=ADA)
    return browser, browser.enter_code(ADA, recovery_code=code)


def make_admin(browser: Browser, member_id: str) -> TestResponse:
    return browser.submit(f"/settings/members/{member_id}/role", role="admin")


def test_recovery_session_reaches_the_settings_for_it_and_nothing_else_on_any_route(world: World) -> None:
    """Every route of the server but files, and signing out, which would end the walk."""
    desk(world)
    browser = recovery_session(world)

    for rule in world.program.app.url_map.iter_rules():
        for method, route in TABLE[rule.endpoint].items():
            if rule.endpoint in {"static", "sign_in.sign_out"}:
                continue
            url = re.sub(r"<(\w+)>", r"\1_x", rule.rule)
            data = {"form_token": browser._form_token} if method == "POST" else None
            same_origin = {"Sec-Fetch-Site": "same-origin"}
            answer = browser.client.open(url, method=method, base_url=BASE_URL, data=data, headers=same_origin)
            match route.caller:
                case Caller.MEMBER | Caller.FULL_ADMIN:
                    assert answer.status_code == 403, (method, url)
                case Caller.OPERATOR | Caller.PROGRAM:
                    assert answer.status_code == 401, (method, url)
                case Caller.ADMIN:
                    assert answer.status_code not in {401, 403}, (method, url)
                    assert answer.headers.get("Location") != "/sign-in", (method, url)
                case Caller.ANYONE | Caller.PROVIDER:
                    pass  # open to strangers too


def test_recovery_session_lasts_fifteen_minutes(world: World) -> None:
    desk(world)
    browser = recovery_session(world)

    world.clock.advance(minutes=14, seconds=59)
    assert browser.get(PAGE).status_code == 200
    world.clock.advance(seconds=1)
    assert browser.get(PAGE).headers["Location"] == "/sign-in"


def test_last_code_answers_with_a_new_set_to_confirm_in_that_session(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    for code in codes[:-1]:
        world.clock.advance(minutes=4)
        assert come_in(world, code)[1].status_code == 303
    world.clock.advance(minutes=4)

    browser, answer = come_in(world, codes[-1])

    assert answer.status_code == 200
    assert "Store your new recovery codes" in answer.text
    new = re.findall(r"<code data-copy-line>([^<]+)</code>", answer.text)
    assert len(set(new)) == 10
    assert not set(new) & set(codes)
    done = browser.submit("/settings/recovery-codes/confirm", stored="yes")
    assert "codes-confirmed" in done.headers["Location"]
    page = flat(browser.get(PAGE).text)
    assert "Unused 10 of 10" in page
    assert "Last recovery just now by ada@acme.test, with a code" in page
    assert new[0] not in page


def test_administrator_on_hold_turns_the_directory_off_by_recovery(world: World) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.ada, False)
    browser = recovery_session(world)

    answer = browser.submit_as_planned(f"/settings/directories/{scene.directory_id}/deactivate")

    assert answer.status_code == 303, answer.text
    with world.transactions.reading() as unit:
        assert directories.read(unit, scene.organization.id, scene.directory_id).state == "inactive"


def test_administrator_whom_the_directory_took_with_everybody_else_comes_back_by_recovery(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    for user in (scene.ada, grace):
        scene.scim.set_active(user, False)
    browser = recovery_session(world)
    path = f"/settings/members/{scene.organization.admin_id}"
    assert (
        "In Okta: activate them again, or put somebody into a group that is mapped to admin who then signs in."
        in flat(browser.get(PAGE).text)
    )
    listed = browser.submit(f"{path}/activate")

    browser.submit_as_planned(f"/settings/directories/{scene.directory_id}/deactivate")
    assert "as nobody else is active: make them active again, on their page." in flat(browser.get(PAGE).text)
    other = browser.submit(f"/settings/members/{scene.organization.member(GRACE).id}/activate")
    browser.get(path)
    back = browser.submit(f"{path}/activate")

    assert listed.status_code == other.status_code == 409
    assert "The directory lists ada@acme.test as inactive" in listed.text
    assert "A recovery session makes nobody active but the member it was opened by." in other.text
    assert "member-activated" in back.headers["Location"]
    assert "Invite somebody, or make somebody active again, and make them an administrator once" in flat(
        browser.get(PAGE).text
    )
    assert signed_in(world, ADA).get(PAGE).status_code == 200


def test_administrator_comes_back_by_recovery_also_where_their_sign_in_made_them_one(world: World) -> None:
    """With the directory off the groups of their last sign-in count again: nobody is left to take over from them."""
    scene = provisioned(world)
    with world.transactions.writing(OPERATOR) as unit:
        role_mappings.to_add(
            unit, scene.organization.id, source=GroupSource.SIGN_IN, group="admins", role="admin"
        ).apply()
        ada = members.read(unit, scene.organization.id, scene.organization.admin_id)
        ada.sign_in_groups, ada.sign_in_groups_state = ["admins"], "present"
    scene.scim.set_active(scene.ada, False)
    browser = recovery_session(world)
    browser.submit_as_planned(f"/settings/directories/{scene.directory_id}/deactivate")
    path = f"/settings/members/{scene.organization.admin_id}"
    browser.get(path)

    assert "member-activated" in browser.submit(f"{path}/activate").headers["Location"]

    assert "is kept as administrator" not in flat(signed_in(world, ADA).get(PAGE).text)


def test_recovery_session_brings_nobody_back_while_somebody_else_could_take_over(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    scene.scim.set_active(scene.ada, False)
    browser = recovery_session(world)
    browser.submit_as_planned(f"/settings/directories/{scene.directory_id}/deactivate")

    answer = browser.submit(f"/settings/members/{scene.organization.admin_id}/activate")

    assert answer.status_code == 409
    assert "Make one of them an administrator under Members." in answer.text


def test_recovery_session_makes_one_active_member_an_administrator(world: World) -> None:
    ada = desk(world)
    grace, edsger = ada.member(GRACE).id, ada.member(EDSGER).id
    browser = recovery_session(world)

    assert make_admin(browser, grace).status_code == 303
    assert make_admin(browser, grace).status_code == 303
    another = make_admin(browser, edsger)

    assert another.status_code == 409
    assert "A recovery session makes one member an administrator, and this one has." in another.text
    assert ada.organization.member(EDSGER).role == "member"
    assert make_admin(recovery_session(world, GRACE), edsger).status_code == 303


def test_next_recovery_session_of_the_same_person_makes_another_one(world: World) -> None:
    ada = desk(world)
    grace, edsger = ada.member(GRACE).id, ada.member(EDSGER).id
    assert make_admin(recovery_session(world), grace).status_code == 303
    world.clock.advance(minutes=1)

    assert make_admin(recovery_session(world), edsger).status_code == 303


def test_recovery_session_makes_nobody_an_administrator_who_cannot_come_in(world: World) -> None:
    ada = desk(world)
    grace = _unable(ada, GRACE, state="deactivated")
    edsger = _unable(ada, EDSGER, suspended=True)
    browser = recovery_session(world)

    for member_id in (grace, edsger):
        answer = make_admin(browser, member_id)
        assert answer.status_code == 409
        assert "Choose a member who is neither deactivated nor suspended." in answer.text


def test_recovery_session_ends_on_the_page_when_somebody_else_takes_over(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.set_active(scene.ada, False)
    browser = recovery_session(world)

    assert make_admin(browser, scene.organization.member(GRACE).id).status_code == 303

    assert browser.get(PAGE).headers["Location"] == "/sign-in"
    assert scene.organization.member(GRACE).role == "admin"


def test_link_is_worth_nothing_to_somebody_who_is_no_administrator_any_more(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE, role="admin")
    with world.transactions.writing(OPERATOR) as unit:
        token = recovery.recovery_link(unit, email=GRACE)
    assert make_member(ada, ada.organization.member(GRACE).id).status_code == 303

    assert world.browser().get(f"/recover/{token}").status_code == 410


def make_member(ada: Desk, member_id: str) -> TestResponse:
    ada.page()
    return ada.browser.submit(f"/settings/members/{member_id}/role", role="member")


def _unable(ada: Desk, email: str, **columns: object) -> str:
    """A member who is there and cannot sign in; their id."""
    member_id = ada.member(email).id
    with ada.world.transactions.writing() as unit:
        row = unit.session.merge(ada.organization.member(email))
        for name, value in columns.items():
            setattr(row, name, value)
    return member_id


def test_link_of_the_host_counts_as_recovery_but_not_as_a_used_code(world: World) -> None:
    organization = found_organization(world)
    organization.store_recovery_codes()

    page = flat(recovery_session(world).get(PAGE).text)

    assert "Unused 10 of 10" in page
    assert "Last recovery just now by ada@acme.test, with a link made on the server, which uses no code up" in page
