"""Directory provisioning set up through a link: a directory and its token, and nothing that is in use."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.rules.setup_links import Scope
from app.services import directories, directory_tokens
from app.store.members import Member
from tests.application import World
from tests.scenes import ADA, ScimClient
from tests.web.settings.scenes import PAGE, flat
from tests.web.setup.scenes import add_directory, holder, ready


def test_holder_adds_a_directory_and_its_token_and_what_is_pushed_waits(world: World) -> None:
    ada = ready(world)
    kim = holder(ada, Scope.DIRECTORY)

    directory_id = add_directory(kim)
    assert "Waiting for the first request from Okta" in flat(kim.get("/setup/directory").text)
    shown = kim.submit(f"/setup/directory/{directory_id}/tokens", expires_in="365")

    assert shown.status_code == 200, shown.text
    (token,) = set(re.findall(r"scim_[\w-]{20,}", shown.text))
    assert token not in kim.get("/setup/directory").text
    ScimClient(world, re.findall(r"https://[^<\s]+/scim/[\w-]+/v2", kim.page)[0], token).add_user("new@acme.test")
    assert "Connected" in flat(kim.get("/setup/directory").text)
    with world.transactions.reading() as unit:
        (row,) = directory_tokens.all_of(unit, ada.organization.id, directory_id)
        assert row.label == "made through a setup link"
        assert directories.read(unit, ada.organization.id, directory_id).state == "draft"
        assert [member.email for member in unit.session.scalars(select(Member))] == [ADA]
    assert "made through a setup link" in flat(ada.browser.get(PAGE).text)


def test_directory_that_is_or_was_active_is_not_shown_and_gives_no_token(world: World) -> None:
    ada = ready(world)
    ada.organization.store_recovery_codes()
    directory_id, scim = ada.organization.add_directory()
    ada.organization.map_group(scim.add_group("Admins", scim.add_user(ADA)))
    ada.organization.activate_directory(directory_id)
    kim = holder(ada, Scope.DIRECTORY)

    for deactivate in (True, False):
        shown = flat(kim.get("/setup/directory").text)
        assert "There is a directory that is or was in use." in shown
        assert directory_id not in kim.page
        answer = kim.submit(f"/setup/directory/{directory_id}/tokens", expires_in="365")
        assert (answer.status_code, "never activated" in flat(answer.text)) == (409, True)
        if deactivate:
            with world.transactions.writing(OPERATOR) as unit:
                outcome = directories.to_deactivate(unit, ada.organization.id, directory_id).apply()
                assert not isinstance(outcome, Refused)


def test_directory_that_was_reached_gives_no_second_token_and_the_page_says_why(world: World) -> None:
    ada = ready(world)
    directory_id, scim = ada.organization.add_directory()
    scim.add_user("new@acme.test")
    kim = holder(ada, Scope.DIRECTORY)

    shown = flat(kim.page)
    answer = kim.submit(f"/setup/directory/{directory_id}/tokens", expires_in="365")

    assert "Connected" in shown
    assert "new@acme.test" not in kim.page
    assert "This directory is connected already" in shown
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"name": "Okta", "provider": "nobody"}, "Choose who pushes."), ({"name": " ", "provider": "okta"}, "Name")],
)
def test_wrong_directory_comes_back_at_its_field(world: World, fields: dict[str, str], told: str) -> None:
    ada = ready(world)
    kim = holder(ada, Scope.DIRECTORY)

    answer = kim.submit("/setup/directory", **fields)

    assert answer.status_code == 400
    assert told in flat(answer.text)
    with world.transactions.reading() as unit:
        assert directories.all_of(unit, ada.organization.id) == []


@pytest.mark.parametrize("days", ["", "7", "x", "99999"])
def test_token_lasts_as_long_as_the_page_offers_or_is_not_made(world: World, days: str) -> None:
    ada = ready(world)
    kim = holder(ada, Scope.DIRECTORY)
    directory_id = add_directory(kim)
    kim.get("/setup/directory")
    offered = f'<option value="{days}">' in kim.page

    answer = kim.submit(f"/setup/directory/{directory_id}/tokens", expires_in=days)

    assert answer.status_code == (200 if offered else 400)
    with world.transactions.reading() as unit:
        assert len(directory_tokens.all_of(unit, ada.organization.id, directory_id)) == offered
