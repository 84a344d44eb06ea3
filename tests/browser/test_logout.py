"""Signing out in both directions, through identity providers that nobody here wrote, in a browser."""

from __future__ import annotations

import re
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    ADA,
    Town,
    check_everywhere,
    found_organization,
    sign_in_through_provider,
    verify_domain,
)
from tests.browser.connecting import begin_setup, fill_in_oidc, ours, require, save
from tests.servers.identity_providers import OidcIdp, SamlIdp


def test_saml_sign_out_goes_on_to_the_provider_and_a_sign_out_there_ends_the_session_here(
    town: Town, saml_idp: SamlIdp
) -> None:
    provider = saml_idp((ADA,))
    page = found_organization(town)
    verify_domain(town, page)
    page.goto("/settings/connections/new")
    begin_setup(page, "SAML 2.0", "Another provider")
    page.get_by_role("link", name="Make us known").click()
    expect(page.get_by_role("heading", name="Make us known")).to_be_visible()
    logout_url = ours(page, "saml", "logout")
    provider.set_logout(logout_url, certificate="")
    page.get_by_role("link", name="Bring back the metadata").click()
    page.get_by_label("Name", exact=True).fill("Company SAML")
    page.get_by_label("Metadata URL").fill(provider.metadata_url)
    save(page)
    # The organization has its key pair now: the provider verifies our requests and answers from here on.
    with build_opener(ProxyHandler({})).open(logout_url.replace("/logout", "/certificate"), timeout=10) as answer:
        provider.set_logout(logout_url, certificate=answer.read().decode())
    require(page, ADA)

    ada = _sign_in(town)
    _sign_out_everywhere(ada, "Company SAML")
    expect(ada.get_by_text("You are signed out at Company SAML too.")).to_be_visible()
    check_everywhere(ada)

    again = _sign_in(town)
    there = again.context.new_page()
    there.goto(f"{provider.url}/slo")
    expect(there.get_by_text("You are signed out.")).to_be_visible()
    _is_signed_out(again)


def test_oidc_sign_out_goes_on_to_the_provider_and_a_sign_out_there_ends_the_session_here(
    town: Town, oidc_idp: OidcIdp
) -> None:
    provider = oidc_idp((ADA,))
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_oidc(page, provider, takes_logouts=True)
    save(page)
    require(page, ADA)

    ada = _sign_in(town)
    _sign_out_everywhere(ada, "Company OIDC")
    _confirm_there(ada)
    expect(ada.get_by_text("You are signed out at Company OIDC too.")).to_be_visible()

    again = _sign_in(town)
    there = again.context.new_page()
    there.goto(f"{provider.url}/session/end")
    _confirm_there(there)
    expect(there.get_by_text("Sign-out Success")).to_be_visible()
    _is_signed_out(again)


def _sign_in(town: Town) -> Page:
    """A browser in which the administrator has come in through the provider."""
    page = sign_in_through_provider(town, ADA)
    expect(page).to_have_url(re.compile("/settings/authentication$"))
    return page


def _sign_out_everywhere(page: Page, provider: str) -> None:
    """Sign out here, look at the page that says so, and go on from it with the keyboard."""
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    check_everywhere(page)
    way_on = page.get_by_role("link", name=f"Also sign out at {provider}")
    way_on.focus()
    page.keyboard.press("Enter")


def _confirm_there(page: Page) -> None:
    """oidc-provider asks first."""
    page.locator('button[name="logout"]').click()


def _is_signed_out(page: Page) -> None:
    page.goto("/profile")
    expect(page).to_have_url(re.compile("/sign-in"))
