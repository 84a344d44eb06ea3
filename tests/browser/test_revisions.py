"""An active connection is edited: what is in force stays until the edit has its own proof, and one click goes back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    ADA,
    GRACE,
    ON_SQLITE,
    Town,
    check_everywhere,
    found_organization,
    verify_domain,
)
from tests.browser.connecting import fill_in_saml, save
from tests.servers.identity_providers import SamlIdp


@ON_SQLITE
def test_edit_waits_is_tested_takes_over_and_is_taken_back(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_saml(page, provider.metadata_url)
    save(page)
    _test_as_ada(page)
    page.get_by_role("button", name="Activate…").click()
    page.get_by_role("link", name="See each person").click()
    expect(page.get_by_role("heading", name="1 of 1 people ready")).to_be_visible()
    page.goto("/settings/authentication#single-sign-on")
    page.get_by_role("button", name="Activate…").click()
    page.get_by_role("button", name="Require single sign-on").click()
    expect(page.get_by_text("Single sign-on is required from now on")).to_be_visible()

    # the edit waits
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Metadata URL").fill(provider.metadata_url)
    page.get_by_label("Attribute with the first name").fill("nickname")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Revision 2 waits for its test")).to_be_visible()
    expect(page.get_by_role("cell", name="Attribute with the first name")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("link", name="0 of 1 people").click()
    expect(page.get_by_text("Nobody has come in with exactly these settings yet.")).to_be_visible()
    check_everywhere(page)

    # it takes over
    page.get_by_role("link", name="Test them").click()
    _test_as_ada(page)
    expect(page.get_by_role("heading", name="Revision 2 waits for you")).to_be_visible()
    page.get_by_role("button", name="Put in force…").click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("The new settings are in force.")).to_be_visible()

    # and is taken back with one click, by keyboard
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="Revision 2")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Go back to revision 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The previous settings are in force again.")).to_be_visible()
    expect(page.get_by_role("button", name="Go back to revision 2")).to_be_visible()
    page.get_by_role("link", name="See who is ready").click()
    expect(page.get_by_text("How people stand with the settings in force.")).to_be_visible()
    check_everywhere(page)


def _test_as_ada(page: Page) -> None:
    """A test sign-in from the authentication page and back to it."""
    page.get_by_role("button", name="Test sign-in").first.click()
    page.locator(f'[data-user="{ADA.id}"]').click()
    expect(page).to_have_url(re.compile("/tests/"))
    page.goto("/settings/authentication#single-sign-on")
