"""A colleague who runs the identity provider sets it up by a link, without an account, until the link is revoked."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    GRACE,
    ON_POSTGRESQL,
    Town,
    check_everywhere,
    found_organization,
    verify_domain,
)
from tests.browser.connecting import begin_setup, save
from tests.servers.identity_providers import SamlIdp


def make_link(page: Page, scope: str) -> str:
    """A link for this part, made from the authentication page and copied."""
    page.goto("/settings/authentication")
    page.locator(f'a[href="/settings/setup-links?scope={scope}"]').click()
    check_everywhere(page)
    page.get_by_label("Whom it is for").fill(GRACE.first_name)
    page.get_by_role("button", name="Make link").click()
    expect(page.get_by_role("heading", name=f"Setup link for {GRACE.first_name}")).to_be_visible()
    check_everywhere(page)
    return page.locator("#setup-link").inner_text()


@ON_POSTGRESQL
def test_colleague_sets_up_single_sign_on_by_a_link_until_it_is_revoked(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((GRACE,), signing="both")
    page = found_organization(town)
    verify_domain(town, page)
    link = make_link(page, "sso")

    grace = town.visitor()
    asked: list[str] = []
    grace.on("request", lambda request: asked.append(request.url + str(request.headers)))
    open_link(grace, link)
    token = link.partition("#")[2]
    assert not any(token in request for request in asked)  # it is sent in the form, and nowhere else
    expect(grace.get_by_role("heading", name="Single sign-on for Acme")).to_be_visible()
    check_everywhere(grace)

    grace.get_by_role("link", name="Set up single sign-on").click()
    check_everywhere(grace)
    begin_setup(grace, "SAML 2.0", "Another provider")
    grace.get_by_label("Name", exact=True).fill("Company SAML")
    grace.get_by_label("Metadata URL").fill(provider.metadata_url)
    check_everywhere(grace)
    save(grace)
    check_everywhere(grace)
    grace.get_by_role("button", name="Test sign-in").click()
    grace.locator(f'[data-user="{GRACE.id}"]').click()
    expect(grace.get_by_text("The identity provider works with these settings.")).to_be_visible()
    check_everywhere(grace)

    page.goto("/settings/authentication#single-sign-on")
    expect(page.get_by_text("Company SAML").first).to_be_visible()
    check_everywhere(page)
    page.goto("/settings/setup-links")
    page.locator("summary", has_text="Revoke…").click()
    check_everywhere(page)
    page.get_by_role("button", name="Revoke link").click()
    expect(page.get_by_text("Setup link revoked; it opens nothing any more.")).to_be_visible()
    check_everywhere(page)
    grace.reload()
    expect(grace.get_by_text("This session is over.")).to_be_visible()
    grace.goto(link)
    grace.get_by_role("button", name="Open").click()
    expect(grace.get_by_text("This link is not good, or no longer").first).to_be_visible()
    check_everywhere(grace)


@ON_POSTGRESQL
def test_colleague_connects_a_directory_by_a_link_with_the_keyboard(town: Town) -> None:
    page = found_organization(town)
    verify_domain(town, page)
    link = make_link(page, "directory")

    grace = town.visitor()
    grace.goto("/setup")
    grace.keyboard.press("Tab")
    grace.keyboard.press("Enter")  # the skip link: where it leads is no setup link
    expect(grace.get_by_label("Setup link")).to_be_visible()
    expect(grace.get_by_label("Setup link")).to_have_value("")
    check_everywhere(grace)
    grace.get_by_label("Setup link").fill(link)
    grace.keyboard.press("Enter")
    expect(grace.get_by_role("heading", name="Directory provisioning for Acme")).to_be_visible()
    check_everywhere(grace)
    grace.get_by_label("Name").fill("Company directory")
    grace.keyboard.press("Enter")
    expect(grace.get_by_text("Waiting for the first request from")).to_be_visible()
    check_everywhere(grace)
    grace.get_by_role("button", name="New token").focus()
    grace.keyboard.press("Enter")
    expect(grace.locator("#token")).to_contain_text("scim_")
    check_everywhere(grace)


def open_link(page: Page, link: str) -> None:
    """Follow a link: it leaves the address before anything is sent."""
    page.goto(link)
    expect(page.get_by_label("Setup link")).to_be_hidden()
    assert "#" not in page.url
    check_everywhere(page)
    page.get_by_role("button", name="Open").click()
