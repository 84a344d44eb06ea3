"""Recovery codes on the settings page: made, shown once, confirmed."""

from __future__ import annotations

import re

from sqlalchemy import delete

from app.store.sign_ins import RecoveryCode
from tests.application import World
from tests.web.settings.scenes import desk, flat, recovery_session


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
