"""A program sets the directory up with an API key, the directory takes six people out, and the administrator reads all
about it.
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import ADA, HOST, ON_POSTGRESQL, Town, check_everywhere, found_organization, verify_domain
from tests.browser.pushing import Caller

_SCHEMAS = "urn:ietf:params:scim:schemas:core:2.0"


@ON_POSTGRESQL
def test_key_made_on_the_page_sets_a_directory_up_whose_mass_change_is_shown_and_dismissed(town: Town) -> None:
    page = found_organization(town)
    verify_domain(town, page)
    page.get_by_role("link", name="API keys", exact=True).click()
    expect(page.get_by_text("No key yet")).to_be_visible()
    check_everywhere(page)
    page.get_by_label("Label").fill("Terraform")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("heading", name="API key Terraform")).to_be_visible()
    check_everywhere(page)
    token = page.get_by_text(re.compile(r"^dw_")).first.inner_text().strip()
    organization_url = page.get_by_text(re.compile(r"/api/v1/organizations/")).first.inner_text().strip()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text("Terraform", exact=True)).to_be_visible()
    check_everywhere(page)

    people = _set_up(Caller(organization_url, token))
    for user, scim in people[:6]:
        scim.set_active(user, active=False)

    page.goto("/settings/authentication")
    expect(page.get_by_text("Okta has deactivated or demoted 6 people in a short time.")).to_be_visible()
    page.get_by_text("Show who").click()
    expect(page.get_by_text(f"person0@{HOST}").first).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Alarm dismissed.")).to_be_visible()
    page.get_by_role("link", name="Members", exact=True).click()
    page.get_by_role("link", name="Person0").click()
    expect(page.get_by_role("heading", name="Person0")).to_be_visible()
    check_everywhere(page)


def _set_up(api: Caller) -> list[tuple[str, Caller]]:
    """An active directory with Ada as its administrator and seven others; their SCIM ids, without hers."""
    directory = api.call("POST", "/directories", {"name": "Okta", "provider": "okta"})
    below = f"/directories/{directory['id']}"
    scim = Caller(directory["base_url"], api.call("POST", f"{below}/tokens", {"label": "Okta"})["token"])
    ada, *others = (
        str(scim.call("POST", "/Users", {"schemas": [f"{_SCHEMAS}:User"], "userName": address})["id"])
        for address in (ADA.email, *(f"person{number}@{HOST}" for number in range(7)))
    )
    admins = scim.call(
        "POST", "/Groups", {"schemas": [f"{_SCHEMAS}:Group"], "displayName": "Admins", "members": [{"value": ada}]}
    )
    api.call("POST", "/role-mappings", {"source": "directory", "group": admins["id"], "role": "admin"})
    shown = api.call("POST", f"{below}/activate?dry_run=true", {})
    api.call("POST", f"{below}/activate", {}, **{"If-Match": shown["hash"]})
    return [(user, scim) for user in others]
