"""What gives power or takes a protection away asks who it is once a quarter of an hour has passed, and leads back. The
first minutes and the worst day ask nothing.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from werkzeug.test import TestResponse

from app.rules.events import EventType
from app.rules.roles import ADMIN
from app.services import sessions
from tests.application import Browser, World, led_to
from tests.scenes import ADA, GRACE, Provisioned, found_organization, provisioned
from tests.web.api.scenes import begin, with_key
from tests.web.settings.scenes import PAGE, Desk, desk, flat, recovery_session, signed_in

ASKED = "It is not known that you were asked who you are within the last 15 minutes."
CONFIRM = re.compile(r'href="/profile/confirm\?next=([^"]*)">Confirm that it is you')
Forms = dict[str, tuple[str, dict[str, str], str]]


def at_the_settings(world: World) -> tuple[Desk, Provisioned]:
    """Ada, whom an active directory makes an administrator, and Grace beside her."""
    scene = provisioned(world)
    browser = signed_in(world, ADA)
    ada = Desk(world, browser, scene.organization)
    ada.member(GRACE)
    return ada, scene


def forms(ada: Desk, scene: Provisioned) -> Forms:
    """Every form that asks, but those of single sign-on: where it goes, what is typed, and where whoever has confirmed
    comes back to.
    """
    grace = ada.organization.member(GRACE).id
    directory, as_admin = f"/settings/directories/{scene.directory_id}", {"role": ADMIN}
    group = {"source": "directory", "group": scene.scim.add_group("Nobody yet"), **as_admin}
    longer = {"session_idle_minutes": "1440", "session_hours": "500"}
    return {
        EventType.KEY_CREATED: ("/settings/keys", {"expires_in": ""}, "/settings/keys"),
        EventType.RECOVERY_CODES_CREATED: ("/settings/recovery-codes", {}, PAGE),
        EventType.DIRECTORY_TOKEN_CREATED: (f"{directory}/tokens", {"expires_in": ""}, PAGE),
        EventType.MEMBER_FACTOR_ENROLLED: ("/profile/authenticator", {}, "/profile"),
        "longer sessions": ("/settings/sessions", longer, PAGE),
        "a group that makes administrators": ("/settings/role-mappings", group, PAGE),
        "an administrator by hand": (f"/settings/members/{grace}/role", as_admin, f"/settings/members/{grace}"),
        "an administrator by invitation": (
            "/settings/invitations",
            {"email": "new@elsewhere.test", **as_admin},
            "/settings/members#invitations",
        ),
        EventType.DIRECTORY_DEACTIVATED: (f"{directory}/deactivate", {}, PAGE),
        EventType.DIRECTORY_DELETED: (f"{directory}/delete", {"confirm": "Okta"}, PAGE),
    }


def send(browser: Browser, path: str, typed: dict[str, str]) -> TestResponse:
    """Post the form, seen first where it has to be."""
    answer = browser.submit(path, **typed)
    return browser.submit_as_planned(path, **typed) if "Nothing has changed yet." in answer.text else answer


def test_forms_are_refused_in_a_browser_that_was_found_open_and_lead_back(world: World) -> None:
    ada, scene = at_the_settings(world)
    asking = forms(ada, scene)
    world.clock.advance(minutes=16)
    ada.browser.get(PAGE)

    for what, (path, typed, back) in asking.items():
        answer = ada.browser.submit(path, **typed)
        assert answer.status_code == 409, what
        assert ASKED in flat(answer.text), what
        assert back in {unquote(href) for href in CONFIRM.findall(answer.text)}, what


def test_forms_are_taken_once_it_was_confirmed(world: World) -> None:
    ada, scene = at_the_settings(world)
    asking = forms(ada, scene)
    world.clock.advance(minutes=16)
    ada.browser.get("/profile/confirm")
    ada.browser.submit("/profile/confirm", next="/settings/members#invitations")
    assert ada.browser.enter_code(ADA).headers["Location"] == "/settings/members#invitations"

    for what, (path, typed, _) in asking.items():
        ada.browser.get(PAGE)
        answer = send(ada.browser, path, typed)
        assert answer.status_code in {200, 303}, (what, flat(answer.text))
        assert ASKED not in flat(answer.text), what


def test_page_says_at_each_control_that_it_asks_and_leads_back_to_it(world: World) -> None:
    ada, scene = at_the_settings(world)
    assert ASKED not in flat(ada.page())
    world.clock.advance(minutes=16)

    back = {unquote(href) for href in CONFIRM.findall(ada.page())}

    assert {f"{PAGE}#recovery-codes", f"{PAGE}#{scene.directory_id}"} <= back


def test_plan_that_makes_an_administrator_says_that_it_asks(world: World) -> None:
    ada, scene = at_the_settings(world)
    world.clock.advance(minutes=16)
    ada.browser.get(PAGE)
    group = scene.scim.add_group("More", scene.scim.add_user("joan@acme.test"))

    shown = ada.browser.submit("/settings/role-mappings?dry_run=true", source="directory", group=group, role=ADMIN)

    assert "1 person becomes an administrator." in flat(shown.text)
    assert ASKED in flat(shown.text)


def test_suspended_administrator_is_let_back_in_only_by_who_was_asked(world: World) -> None:
    ada = desk(world)
    other, grace = ada.member(GRACE, role=ADMIN), ada.member("bob@acme.test")
    world.clock.advance(minutes=16)
    ada.browser.get("/settings/members")

    for member, status in ((other, 409), (grace, 303)):  # suspending never asks, and lets nobody in
        assert ada.browser.submit(f"/settings/members/{member.id}/suspend").status_code == 303
        assert ada.browser.submit(f"/settings/members/{member.id}/restore").status_code == status


def test_what_takes_power_or_gives_none_asks_nothing(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    signed_in(world, GRACE)
    with world.transactions.reading() as unit:
        (session,) = sessions.own(unit, grace.id)
    world.clock.advance(hours=3)
    ada.browser.get("/settings/members")

    for path, typed in (
        ("/settings/invitations", {"email": "new@elsewhere.test", "role": "member"}),
        (f"/settings/members/{grace.id}/sessions/{session.id}/end", {}),
        (f"/settings/members/{grace.id}/sessions/end-all", {}),
        ("/profile/sessions/end-others", {}),
        ("/settings/sessions", {"session_idle_minutes": "1440", "session_hours": "24"}),
        ("/settings/domains", {"host": "acme.test"}),
        (f"/settings/members/{grace.id}/suspend", {}),
        (f"/settings/members/{grace.id}/remove", {"confirm": GRACE}),
    ):
        assert ada.browser.submit(path, **typed).status_code == 303, path


def test_first_minutes_after_the_start_link_ask_nothing(world: World) -> None:
    ada = desk(world)
    world.clock.advance(minutes=14)
    ada.browser.get(PAGE)

    assert ada.browser.submit("/settings/recovery-codes").status_code == 200
    assert ada.browser.submit("/settings/keys", expires_in="").status_code == 200
    invited = ada.browser.submit("/settings/invitations", email=GRACE, role=ADMIN)
    assert led_to(invited) == "/settings/members?done=invitation-sent#invitations"


def test_founder_who_took_longer_confirms_with_the_mailbox_of_the_start(world: World) -> None:
    ada = desk(world)
    world.clock.advance(minutes=20)
    assert ASKED in flat(ada.browser.get("/settings/keys").text)

    ada.browser.get("/profile/confirm?next=/settings/keys")
    ada.browser.submit("/profile/confirm", next="/settings/keys")
    ada.browser.enter_code(ADA)

    ada.browser.get("/settings/keys")
    assert ada.browser.submit("/settings/keys", expires_in="").status_code == 200


@pytest.mark.parametrize("how", ["appoint", "codes", "directory"])
def test_recovery_session_asks_nothing_until_its_last_minute(world: World, how: str) -> None:
    ada, scene = at_the_settings(world)
    browser = recovery_session(world)
    world.clock.advance(minutes=14, seconds=59)
    browser.get(PAGE)
    assert ASKED not in flat(browser.page)

    if how == "appoint":
        path, status = f"/settings/members/{ada.organization.member(GRACE).id}/role", 303
        answer = browser.submit(path, role=ADMIN)
    elif how == "codes":
        answer, status = browser.submit("/settings/recovery-codes"), 200
    else:
        answer, status = browser.submit_as_planned(f"/settings/directories/{scene.directory_id}/deactivate"), 303

    assert answer.status_code == status, flat(answer.text)


def test_single_sign_on_is_turned_on_and_off_by_who_was_asked(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection = ada.connect()
    ada.confirm_codes()
    ada.test_sign_in(connection)  # proves little: whoever found the browser may have set the provider up themselves
    world.clock.advance(minutes=16)
    activate, deactivate = (f"/settings/connections/{connection}/{do}" for do in ("activate", "deactivate"))
    ada.page()

    refused = ada.browser.submit(activate)

    assert refused.status_code == 409
    assert ASKED in flat(refused.text)
    ada.browser.submit("/profile/confirm", next=PAGE)
    ada.browser.enter_code(ADA)
    ada.page()
    done = ada.browser.submit_as_planned(activate)
    assert done.status_code == 303, flat(done.text)
    world.clock.advance(minutes=16)
    ada.page()
    assert ASKED in flat(ada.browser.submit(deactivate).text)


def test_whoever_cannot_confirm_because_the_provider_is_down_turns_it_off_by_recovery(world: World) -> None:
    ada = desk(world)
    connection = ada.require_single_sign_on()
    world.clock.advance(hours=2)
    confirm = ada.browser.get(f"/profile/confirm?next={PAGE}").text
    assert 'href="/recover"' in confirm
    assert "through Acme Okta" in flat(confirm)

    browser = recovery_session(world)

    assert browser.submit_as_planned(f"/settings/connections/{connection}/deactivate").status_code == 303


def test_member_who_confirms_by_mail_is_not_told_of_recovery(world: World) -> None:
    found_organization(world)

    assert "/recover" not in signed_in(world, ADA).get("/profile/confirm").text


def test_programs_are_asked_nothing(world: World) -> None:
    scene = begin(world)
    world.clock.advance(hours=2)

    for api in (scene.api, with_key(world, scene.organization.id)):
        assert api.post(f"{scene.path}/keys", {"label": "x"})["token"]
        assert api.post(f"{scene.path}/recovery-codes", {})["codes"]
        email = f"{'a' if api is scene.api else 'b'}@elsewhere.test"
        assert api.post(f"{scene.path}/invitations", {"email": email, "role": ADMIN})["role"] == ADMIN
