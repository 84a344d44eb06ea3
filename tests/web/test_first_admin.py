"""The start link: the first person proves an address and becomes the first administrator."""

from __future__ import annotations

from sqlalchemy import func, select

from app.rules.actor import OPERATOR
from app.services import recovery
from app.store.database import Base
from tests.application import World


def test_start_link_makes_the_first_administrator_after_the_address_is_proven(world: World) -> None:
    browser = world.first_admin("ada@acme.test")

    assert "Store your recovery codes" in browser.page
    assert browser.get("/").headers["Location"] == "/settings/authentication"


def test_start_link_works_once(world: World) -> None:
    world.first_admin("ada@acme.test")
    token_page = world.browser().get("/start/nonsense")

    assert token_page.status_code == 410


def test_start_link_is_worth_nothing_after_a_day(world: World) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        token = recovery.make_link(unit, kind="start")
    world.clock.advance(hours=23, minutes=59)
    assert world.browser().get(f"/start/{token}").status_code == 200

    world.clock.advance(minutes=1)

    assert world.browser().get(f"/start/{token}").status_code == 410


def test_fresh_installation_has_no_account_and_no_way_in(world: World) -> None:
    with world.transactions.reading() as unit:
        filled = [
            table.name
            for table in Base.metadata.sorted_tables
            if unit.session.scalar(select(func.count()).select_from(table))
        ]

    assert set(filled) <= {"alembic_version", "jobs"}


def test_signing_in_by_emailed_code_opens_a_session(world: World) -> None:
    world.first_admin("ada@acme.test")
    browser = world.browser()

    assert browser.sign_in("ada@acme.test").headers["Location"] == "/"
    assert "ada@acme.test" in browser.get("/profile").text


def test_wrong_code_is_refused_and_the_fifth_one_ends_the_attempt(world: World) -> None:
    world.first_admin("ada@acme.test")
    browser = world.browser()
    browser.get("/sign-in")
    browser.submit("/sign-in", email="ada@acme.test")
    world.work()
    right = world.post.code_for("ada@acme.test")
    wrong = "000000" if right != "000000" else "111111"
    action = browser.page.split('action="')[1].split('"')[0]

    for _ in range(4):
        assert browser.submit(action, code=wrong).status_code == 400
    assert browser.submit(action, code=wrong).status_code == 403
    assert browser.submit(action, code=right).status_code == 403
