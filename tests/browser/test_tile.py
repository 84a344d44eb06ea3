"""The tile on the identity provider's own page: whoever comes from there is asked, and decides, by keyboard alone."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.conftest import ADA, GRACE, Town, check_everywhere, found_organization, verify_domain
from tests.browser.connecting import fill_in_saml, require, save
from tests.identity_providers import Person, SamlIdentityProvider
from tests.servers.identity_providers import SamlIdp


def test_person_comes_from_the_tile_is_asked_and_decides(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_saml(page, provider.metadata_url)
    page.get_by_text("Other ways, and what few need").click()
    warning = page.get_by_text("without having asked for it here")
    expect(warning).to_be_hidden()
    page.get_by_label("Allow sign-ins that begin at the identity provider").check()
    expect(warning).to_be_visible()
    check_everywhere(page)
    connection = save(page)
    require(page, ADA)
    expect(warning).to_be_visible()
    check_everywhere(page)

    # nobody is signed in before they agree
    grace = town.visitor()
    _open_tile(grace, provider, town, connection, GRACE)
    expect(grace.get_by_role("heading", name="Sign in to Acme?")).to_be_visible()
    expect(grace.get_by_text(f"You came from Company SAML, as {GRACE.email}")).to_be_visible()
    check_everywhere(grace)
    asked = grace.url
    grace.goto("/profile")
    expect(grace.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    grace.goto(asked)
    grace.get_by_role("button", name=f"Continue as {GRACE.email}").focus()
    grace.keyboard.press("Enter")
    expect(grace).to_have_url(re.compile("/profile$"))
    expect(grace.get_by_text("Company SAML, started at the identity provider")).to_be_visible()
    grace.goto(asked)
    expect(grace.get_by_role("heading", name="You could not be signed in")).to_be_visible()

    # the session of somebody else is there again after the provider's post, and stays
    _open_tile(page, provider, town, connection, GRACE)
    expect(page.get_by_text(f"This browser is signed in as {ADA.email}.")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Not me").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/settings/authentication$"))

    stranger = town.visitor()
    _open_tile(stranger, provider, town, connection, ADA)
    stranger.get_by_role("button", name="Not me").click()
    expect(stranger.get_by_text("You were not signed in.")).to_be_visible()
    check_everywhere(stranger)
    page.goto("/settings/sign-ins")
    expect(page.get_by_text("said that it was not them").first).to_be_visible()


def _open_tile(page: Page, provider: SamlIdentityProvider, town: Town, connection: str, person: Person) -> None:
    """At the provider under another name of this machine: to a browser another site, whose posts bring no cookies that
    are for this one.
    """
    base = f"{town.server.base_url}/saml/{connection}"
    wanted = urlencode({"acs": f"{base}/acs", "audience": f"{base}/metadata", "relayState": "/profile"})
    page.goto(f"{provider.url.replace('127.0.0.1', 'localhost')}/initiate?{wanted}")
    page.locator(f'[data-user="{person.id}"]').click()
