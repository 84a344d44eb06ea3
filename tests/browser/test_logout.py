"""Signing out in both directions, through identity providers that nobody here wrote, in a browser."""

from __future__ import annotations

import re
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    ADA,
    Town,
    begin_setup,
    check_everywhere,
    found_organization,
    sign_in_through_provider,
    verify_domain,
)
from tests.browser.test_single_sign_on import require
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
    logout_url = _shown(page, r"http://127\.0\.0\.1:\d+/saml/conn_\w+/logout")
    provider.set_logout(logout_url, certificate="")
    page.get_by_role("link", name="Bring back the metadata").click()
    page.get_by_label("Name", exact=True).fill("Company SAML")
    page.get_by_label("Metadata URL").fill(provider.metadata_url)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Connection saved")).to_be_visible()
    # The organization has its key pair now: the provider verifies our requests and answers from here on.
    with build_opener(ProxyHandler({})).open(logout_url.replace("/logout", "/certificate"), timeout=10) as answer:
        provider.set_logout(logout_url, certificate=answer.read().decode())
    require(page, "Company SAML", ADA)

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
    page.goto("/settings/connections/new")
    begin_setup(page, "OpenID Connect", "Another provider")
    page.get_by_role("link", name="Make us known").click()
    provider.set_redirect_uris(_shown(page, r"http://127\.0\.0\.1:\d+/oidc/conn_\w+/callback"))
    provider.set_logout(
        post_logout_redirect_uri=_shown(page, r"http://127\.0\.0\.1:\d+/oidc/conn_\w+/signed-out"),
        backchannel_logout_uri=_shown(page, r"http://127\.0\.0\.1:\d+/oidc/conn_\w+/backchannel-logout"),
    )
    page.get_by_role("link", name="Bring back the credentials").click()
    page.get_by_label("Name", exact=True).fill("Company OIDC")
    page.get_by_label("Issuer").fill(provider.issuer)
    page.get_by_label("Client ID").fill(provider.client_id)
    page.get_by_role("textbox", name="Client secret", exact=True).fill(provider.client_secret)
    page.get_by_role("button", name="Save and go on").click()
    require(page, "Company OIDC", ADA)

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


def _shown(page: Page, pattern: str) -> str:
    """One of the values to paste at the provider."""
    found = re.search(pattern, page.content())
    assert found is not None
    return found.group(0)


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
