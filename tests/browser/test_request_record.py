"""The record of SCIM requests and the directory's card in a browser: they keep themselves fresh, and anybody can read
them.
"""

from __future__ import annotations

import json
import re
import urllib.request

from playwright.sync_api import expect

from app.factory import create_program
from app.rules.actor import OPERATOR
from app.services import directories, organizations
from tests.application import settings_for
from tests.browser.conftest import ON_SQLITE, Town, check_everywhere, found_organization, verify_domain
from tests.browser.morning import add_requests

_TWO_REFRESHES = 15_000


@ON_SQLITE
def test_first_request_shows_by_itself_and_the_record_is_readable_by_everyone(town: Town) -> None:
    page = found_organization(town)
    verify_domain(town, page)
    page.get_by_label("Name", exact=True).fill("Acme Okta")
    page.get_by_label("Pushed by").select_option("okta")
    page.get_by_role("button", name="Add directory").click()
    expect(page.get_by_text("Waiting for the first request from Okta")).to_be_visible()
    base_url = page.get_by_text(re.compile(r"/scim/\w+/v2")).first.inner_text().strip()
    page.get_by_role("button", name="New token").click()
    token = page.get_by_text(re.compile(r"^scim_")).first.inner_text().strip()
    page.get_by_role("link", name="I have copied it").click()

    push(base_url, token, "grace@acme.test")

    expect(page.get_by_text("Connected", exact=True)).to_be_visible(timeout=_TWO_REFRESHES)
    expect(page.locator("#directory").get_by_role("cell", name="in 1 year")).to_be_visible()
    page.get_by_text("What to enter in Okta").click()
    expect(page.get_by_text("Unique identifier field for users")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("link", name="Requests of Acme Okta").click()
    expect(page.get_by_role("heading", name="Requests of Acme Okta")).to_be_visible()
    record_a_morning(town)
    expect(page.get_by_text("Renamed the group, added 38 members, removed 1 member.")).to_be_visible(
        timeout=_TWO_REFRESHES
    )
    page.locator("summary[aria-label^='Details of PATCH']").last.click()
    check_everywhere(page)
    page.get_by_role("link", name="Refused", exact=True).click()
    expect(page.get_by_text("There is no endpoint 'User'. Users are at /Users")).to_be_visible()


def push(base_url: str, token: str, user_name: str) -> None:
    """What an identity provider sends first of all."""
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name}
    request = urllib.request.Request(
        f"{base_url}/Users",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


def record_a_morning(town: Town) -> None:
    """Many requests, from another process than the server's."""
    program = create_program(settings_for(town.database_url))
    with program.transactions.writing(OPERATOR) as unit:
        (organization,) = organizations.page(unit, after="", limit=1)
        (directory,) = directories.all_of(unit, organization.id)
        add_requests(unit, organization.id, directory.id)
    program.close()
