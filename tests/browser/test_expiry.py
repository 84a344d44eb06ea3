"""Certificates and client secrets that end: the day is entered, and the page warns before and after it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from app.ports.key_pairs import SystemKeyPairs
from tests.browser.conftest import (
    ADA,
    ON_POSTGRESQL,
    Town,
    check_everywhere,
    found_organization,
    verify_domain,
)
from tests.browser.connecting import begin_setup, fill_in_oidc, save
from tests.identity_providers import OidcIdentityProvider
from tests.servers.identity_providers import OidcIdp

NOW = datetime.now(UTC)


@ON_POSTGRESQL
def test_page_warns_of_a_secret_that_ends_and_of_a_certificate_that_has_ended(town: Town, oidc_idp: OidcIdp) -> None:
    provider = oidc_idp((ADA,))
    page = found_organization(town)
    verify_domain(town, page)

    _save_with_ended_certificate(page)
    _connect_until(page, provider, NOW + timedelta(days=20))

    page.goto("/settings/authentication#single-sign-on")
    expect(page.get_by_text(re.compile("^Company OIDC: the client secret ends on .*, in 20 days.$"))).to_have_count(1)
    expect(page.get_by_text(re.compile("^Old SAML: the signing certificate .* ended on "))).to_have_count(1)
    page.get_by_role("button", name="Test sign-in").last.click()
    page.locator(f'[data-user="{ADA.id}"]').click()
    page.goto("/settings/authentication#single-sign-on")
    page.get_by_role("button", name="Activate…").click()
    page.get_by_role("button", name="Require single sign-on").click()
    expect(page.get_by_text("Single sign-on is required from now on")).to_be_visible()
    expect(page.get_by_text("From then on the identity provider refuses Doorward")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("link", name="See what to do").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Make a new client secret at the identity provider.")).to_be_in_viewport()


def _save_with_ended_certificate(page: Page) -> None:
    """A connection by hand, which nobody tests."""
    made = SystemKeyPairs().make(name="idp.test", now=NOW - timedelta(days=3656))
    page.goto("/settings/connections/new")
    begin_setup(page, "SAML 2.0", "Another provider")
    page.get_by_text("Other ways, and what few need").click()
    page.get_by_label("Name", exact=True).fill("Old SAML")
    page.get_by_role("textbox", name="Entity ID of the identity provider").fill("https://idp.test")
    page.get_by_role("textbox", name="Single sign-on URL").fill("https://idp.test/sso")
    page.get_by_role("textbox", name="Signing certificates").fill(made.certificate)
    save(page)


def _connect_until(page: Page, provider: OidcIdentityProvider, ends: datetime) -> None:
    """An OpenID Connect connection whose client secret ends on that day."""
    fill_in_oidc(page, provider)
    page.get_by_label("Client secret expires on").fill(f"{ends:%Y-%m-%d}")
    check_everywhere(page)
    save(page)
