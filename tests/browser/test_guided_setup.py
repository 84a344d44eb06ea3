"""A setup is begun, left, gone on with on another day, and saved: step by step, by keyboard where it matters."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import ADA, ON_SQLITE, Town, check_everywhere, found_organization, verify_domain
from tests.browser.connecting import go_on
from tests.servers.identity_providers import SamlIdp


@ON_SQLITE
def test_setup_of_okta_is_left_and_gone_on_with_up_to_its_test(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA,), signing="both")
    page = found_organization(town)
    verify_domain(town, page)

    page.goto("/settings/authentication")
    page.get_by_role("link", name="Set up single sign-on").click()
    check_everywhere(page)
    page.get_by_role("button", name="Okta").first.press("Enter")
    expect(page.get_by_role("heading", name="Create the app")).to_be_visible()
    page.get_by_role("button", name="Done, go on").press("Enter")
    expect(page.get_by_text("Audience URI (SP Entity ID)")).to_be_visible()
    expect(page.locator('[aria-current="step"]')).to_contain_text("Configure SAML")
    check_everywhere(page)

    # left, and found again
    page.goto("/settings/authentication#single-sign-on")
    expect(page.get_by_text("Step 2 of 6. There is no connection yet.")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("link", name="Go on").click()
    for _ in range(3):
        go_on(page)
    expect(page.get_by_role("heading", name="Bring back the metadata")).to_be_visible()
    check_everywhere(page)

    # what is wrong comes back where it was typed
    page.get_by_label("Metadata URL").fill("https://127.0.0.1:9/nothing")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("The metadata could not be fetched")).to_be_visible()
    check_everywhere(page)
    page.get_by_label("Metadata URL").fill(provider.metadata_url)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", name="Test sign-in")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Test sign-in").click()
    page.locator(f'[data-user="{ADA.id}"]').click()
    expect(page).to_have_url(re.compile("/tests/"))
    check_everywhere(page)

    # and read again
    page.get_by_role("link", name="Read the steps again").press("Enter")
    expect(page.get_by_role("heading", name="1. Make us known")).to_be_visible()
    check_everywhere(page)
