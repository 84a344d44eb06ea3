"""Setting a connection up in the browser, as several stories begin: through the guide, tested, required."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import check_everywhere
from tests.identity_providers import OidcIdentityProvider, Person


def begin_setup(page: Page, protocol: str, product: str) -> None:
    """Choose a product on the page of them all, and follow its guide up to the step that asks for what was given."""
    page.get_by_role("region", name=protocol).get_by_role("button", name=product).click()
    name, done = page.get_by_label("Name", exact=True), page.get_by_role("button", name="Done, go on")
    expect(name.or_(done)).to_be_visible()
    while done.is_visible():
        go_on(page)
        expect(name.or_(done)).to_be_visible()


def go_on(page: Page) -> None:
    """On to the next step of a guide; returns when that one is there."""
    current = page.locator('[aria-current="step"]')
    here = current.inner_text()
    page.get_by_role("button", name="Done, go on").click()
    expect(current).not_to_have_text(here)


def fill_in_saml(page: Page, metadata_url: str) -> None:
    """The connection “Company SAML”, filled in and not saved."""
    page.goto("/settings/connections/new")
    begin_setup(page, "SAML 2.0", "Another provider")
    page.get_by_label("Name", exact=True).fill("Company SAML")
    page.get_by_label("Metadata URL").fill(metadata_url)


def fill_in_oidc(page: Page, provider: OidcIdentityProvider, *, takes_logouts: bool = False) -> None:
    """The connection “Company OIDC”, filled in and not saved, with our addresses registered at the provider."""
    page.goto("/settings/connections/new")
    begin_setup(page, "OpenID Connect", "Another provider")
    page.get_by_role("link", name="Make us known").click()
    expect(page.get_by_role("heading", name="Make us known")).to_be_visible()
    provider.set_redirect_uris(ours(page, "oidc", "callback"))
    if takes_logouts:
        provider.set_logout(
            post_logout_redirect_uri=ours(page, "oidc", "signed-out"),
            backchannel_logout_uri=ours(page, "oidc", "backchannel-logout"),
        )
    page.get_by_role("link", name="Bring back the credentials").click()
    page.get_by_label("Name", exact=True).fill("Company OIDC")
    page.get_by_label("Issuer").fill(provider.issuer)
    page.get_by_label("Client ID").fill(provider.client_id)
    page.get_by_role("textbox", name="Client secret", exact=True).fill(provider.client_secret)


def ours(page: Page, protocol: str, path: str) -> str:
    """One of the addresses to paste at the provider."""
    found = re.search(rf"http://127\.0\.0\.1:\d+/{protocol}/conn_\w+/{path}", page.content())
    assert found is not None
    return found.group()


def save(page: Page) -> str:
    """Make the connection of what was filled in: its id."""
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Connection saved")).to_be_visible()
    found = re.search(r"conn_[0-9a-z]+", page.url)
    assert found is not None
    return found.group()


def require(page: Page, person: Person) -> None:
    """From the last step of a setup: the test sign-in as oneself, then requiring single sign-on."""
    page.get_by_role("button", name="Test sign-in").first.click()
    page.locator(f'[data-user="{person.id}"]').click()
    expect(page).to_have_url(re.compile("/tests/"))
    page.goto("/settings/authentication#single-sign-on")
    page.get_by_role("button", name="Activate…").click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Require single sign-on").click()
    expect(page.get_by_text("Single sign-on is required from now on")).to_be_visible()
