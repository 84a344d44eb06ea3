"""Recovery codes on the settings page: made, shown once, confirmed, tried without being spent."""

from __future__ import annotations

import re

from sqlalchemy import delete

from app.rules.actor import OPERATOR
from app.services import members
from app.store.sign_ins import RecoveryCode
from tests.application import World
from tests.scenes import ADA, GRACE, provisioned
from tests.web.settings.scenes import desk, flat, recovery_session, signed_in


def test_new_codes_are_shown_once_and_void_the_old_ones(world: World) -> None:
    ada = desk(world)
    ada.confirm_codes()

    answer = ada.browser.submit("/settings/recovery-codes")

    codes = re.findall(r"<code data-copy-line>([^<]+)</code>", answer.text)
    assert len(set(codes)) == 10
    assert "10 unused codes became void" in answer.text
    page = flat(ada.page())
    assert codes[0] not in page
    assert "10 of 10" in page
    assert "Not confirmed" in page


def test_codes_are_confirmed_by_saying_so(world: World) -> None:
    ada = desk(world)

    unticked = ada.browser.submit("/settings/recovery-codes/confirm")

    assert unticked.status_code == 400
    assert "Tick that you have stored them, then confirm." in unticked.text
    ada.confirm_codes()
    assert "by Ada Admin, just now" in flat(ada.page())


def test_confirming_codes_that_are_all_spent_is_refused(world: World) -> None:
    ada = desk(world)
    with world.transactions.writing() as unit:
        unit.session.execute(delete(RecoveryCode))

    answer = ada.browser.submit("/settings/recovery-codes/confirm", stored="yes")

    assert answer.status_code == 409
    assert "There are no recovery codes to confirm; make a set first." in answer.text


def test_recovery_session_makes_and_confirms_codes(world: World) -> None:
    desk(world)
    browser = recovery_session(world)

    assert browser.submit("/settings/recovery-codes").status_code == 200
    assert browser.submit("/settings/recovery-codes/confirm", stored="yes").status_code == 303


def test_drill_says_whether_a_code_works_and_uses_none_up(world: World) -> None:
    ada = desk(world)
    codes = ada.organization.store_recovery_codes()
    ada.page()

    good = ada.browser.submit("/settings/recovery-codes/drill", code=codes[0])
    page = flat(ada.browser.get(good.headers["Location"].partition("#")[0]).text)
    wrong = ada.browser.submit("/settings/recovery-codes/drill", code="wrong")

    assert "This code works. It was not used up." in page
    assert "Unused 10 of 10" in page
    assert f"Last tried just now by {ADA}: it works" in page
    ada.browser.submit("/settings/recovery-codes")
    assert "Last tried never" in flat(ada.page())
    assert wrong.status_code == 400
    assert "This is not one of the unused codes of this set." in wrong.text


def test_sixth_wrong_drill_is_told_when_to_try_again(world: World) -> None:
    ada = desk(world)
    answers = [ada.browser.submit("/settings/recovery-codes/drill", code="wrong") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert "Too many wrong codes. Try again in 15 minutes." in answers[-1].text


def test_page_says_who_left_with_the_codes_and_offers_to_confirm_or_replace_them(world: World) -> None:
    ada = desk(world)
    ada.confirm_codes()
    ada.member(GRACE, role="admin")
    grace = signed_in(world, GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, ada.organization.id, ada.organization.admin_id, suspended=True).apply()

    page = grace.get("/settings/authentication").text

    assert f"{ADA} confirmed these codes and is not an active administrator any more." in flat(page)
    assert 'action="/settings/recovery-codes/confirm"' in page
    assert 'action="/settings/recovery-codes"' in page
    grace.submit("/settings/recovery-codes/confirm", stored="yes")
    assert "confirmed these codes and is not" not in flat(grace.get("/settings/authentication").text)


def test_recovery_session_makes_no_group_of_administrators(world: World) -> None:
    scene = provisioned(world)
    group = scene.scim.add_group("Everybody", scene.scim.add_user(GRACE))
    browser = recovery_session(world)

    refused = browser.submit("/settings/role-mappings", source="directory", group=group, role="admin")
    allowed = browser.submit_as_planned("/settings/role-mappings", source="directory", group=group, role="member")

    assert refused.status_code == 409
    assert "A recovery session makes one member an administrator, not a whole group." in refused.text
    assert "mapping-added" in allowed.headers["Location"]
    assert scene.organization.member(GRACE).role == "member"
