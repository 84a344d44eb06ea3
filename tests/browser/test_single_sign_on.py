"""From nothing to single sign-on required, through the identity provider in a browser, and the day it is gone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    ADA,
    GRACE,
    Town,
    begin_setup,
    check_everywhere,
    found_organization,
    sign_in_through_provider,
    verify_domain,
)
from tests.identity_providers import Person
from tests.servers.identity_providers import OidcIdp, SamlIdp


def test_saml_from_the_first_administrator_to_a_sign_in_through_the_provider(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    verify_domain(town, page)

    page.goto("/settings/connections/new")
    begin_setup(page, "SAML 2.0", "Another provider")
    page.get_by_label("Name", exact=True).fill("Company SAML")
    page.get_by_label("Metadata URL").fill(provider.metadata_url)
    page.get_by_role("button", name="Save and go on").click()
    require(page, "Company SAML", ADA)

    _people_come_in(town)
    provider.stop()
    _administrator_gets_back_in(town)


def test_oidc_from_the_first_administrator_to_a_sign_in_through_the_provider(town: Town, oidc_idp: OidcIdp) -> None:
    provider = oidc_idp((ADA, GRACE))
    page = found_organization(town)
    verify_domain(town, page)

    page.goto("/settings/connections/new")
    begin_setup(page, "OpenID Connect", "Another provider")
    page.get_by_role("link", name="Make us known").click()
    redirect_uri = re.search(r"http://127\.0\.0\.1:\d+/oidc/conn_\w+/callback", page.content())
    assert redirect_uri is not None
    provider.set_redirect_uris(redirect_uri.group(0))
    page.get_by_role("link", name="Bring back the credentials").click()
    page.get_by_label("Name", exact=True).fill("Company OIDC")
    page.get_by_label("Issuer").fill(provider.issuer)
    page.get_by_label("Client ID").fill(provider.client_id)
    page.get_by_role("textbox", name="Client secret", exact=True).fill(provider.client_secret)
    page.get_by_role("button", name="Save and go on").click()
    require(page, "Company OIDC", ADA)

    _people_come_in(town)
    provider.stop()
    _administrator_gets_back_in(town)


def require(page: Page, name: str, person: Person) -> None:
    """The test sign-in as oneself, then requiring single sign-on."""
    expect(page.get_by_text("Connection saved")).to_be_visible()
    page.get_by_role("button", name="Test sign-in").first.click()
    page.locator(f'[data-user="{person.id}"]').click()
    expect(page.get_by_text(person.email).first).to_be_visible()
    page.goto("/settings/authentication#single-sign-on")
    page.get_by_role("button", name="Activate…").click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Require single sign-on").click()
    expect(page.get_by_text("Single sign-on is required from now on")).to_be_visible()


def _people_come_in(town: Town) -> None:
    """The administrator sees the settings, somebody unknown is made a member and sees who can help."""
    ada = sign_in_through_provider(town, ADA)
    expect(ada).to_have_url(re.compile("/settings/authentication$"))
    for card in ("Domains", "Single Sign-On", "Directory provisioning", "Additional security"):
        expect(ada.get_by_role("heading", name=card, exact=False).first).to_be_visible()
    expect(ada.locator("#administrators").get_by_text(ADA.email).first).to_be_visible()
    ada.goto("/settings/activity")
    ada.get_by_role("link", name="All attempts").click()
    expect(ada.get_by_text("Test succeeded").first).to_be_visible()
    check_everywhere(ada)

    grace = sign_in_through_provider(town, GRACE, start="/sign-in?next=/profile?from=a%26b&to=c")
    expect(grace).to_have_url(re.compile(r"/profile\?from=a%26b&to=c$"))
    grace.goto("/settings/authentication")
    expect(grace.get_by_text(ADA.email).first).to_be_visible()
    assert "Verify" not in grace.content()


def _administrator_gets_back_in(town: Town) -> None:
    """The provider is gone: a link made on the host opens a recovery session that can turn single sign-on off."""
    link = re.search(r"http\S+/recover/\S+", town.operator("recover", ADA.email))
    assert link is not None
    page = town.visitor()
    page.goto(link.group(0))
    page.get_by_role("button", name="Start the recovery session").click()
    expect(page.get_by_text("This is a recovery session")).to_be_visible()
    page.get_by_role("button", name="Deactivate…").click()
    page.get_by_role("button", name="Turn single sign-on off").click()
    expect(page.get_by_text("Single sign-on is off")).to_be_visible()
