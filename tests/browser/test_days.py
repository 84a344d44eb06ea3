"""Whole days: an administrator goes from nothing to everything in force, an organization that is locked out gets back
in, and a member has an ordinary one.
"""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import (
    ADA,
    GRACE,
    ON_POSTGRESQL,
    ON_SQLITE,
    Town,
    check_everywhere,
    found_organization,
    sign_in_through_provider,
    verify_domain,
)
from tests.browser.connecting import fill_in_saml, require, save
from tests.browser.pushing import Caller, add_directory
from tests.servers.identity_providers import SamlIdp

_LIVE = 15_000


def test_administrator_goes_from_nothing_to_single_sign_on_required_and_the_directory_in_force(
    town: Town, saml_idp: SamlIdp
) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    expect(_next_stage(page)).to_contain_text("Verify your email domain")
    verify_domain(town, page)
    expect(_next_stage(page)).to_contain_text("Connect your identity provider")
    fill_in_saml(page, provider.metadata_url)
    save(page)
    require(page, ADA)
    page.goto("/settings/authentication")
    expect(page.locator("#way")).to_have_count(0)

    scim = add_directory(page)
    ada, grace = scim.add_user(ADA), scim.add_user(GRACE)
    scim.add_group("Doorward Admins", ada)
    expect(page.get_by_text("Connected", exact=True)).to_be_visible(timeout=_LIVE)
    _put_directory_in_force(page)

    ada_again = sign_in_through_provider(town, ADA)
    expect(ada_again).to_have_url(re.compile("/settings/authentication$"))
    expect(ada_again.locator("#administrators").get_by_text("From the group Doorward Admins")).to_be_visible()
    check_everywhere(ada_again)
    member = sign_in_through_provider(town, GRACE)
    expect(member.get_by_text("Your name and address come from Acme Okta.")).to_be_visible()
    scim.set_active(grace, active=False)
    member.goto("/profile")
    expect(member.get_by_label("Email address")).to_be_visible()


@ON_POSTGRESQL
def test_locked_out_organization_gets_back_in_with_a_recovery_code(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA,), signing="both")
    page = _everything_in_force(town, provider.metadata_url)
    scim, ada = page.scim, page.ada

    # the worst day: the directory takes everybody away, and the provider is gone
    scim.set_active(ada, active=False)
    provider.stop()

    rescue = town.visitor()
    rescue.goto("/sign-in")
    rescue.get_by_text("Trouble signing in?").click()
    rescue.get_by_role("link", name="use a recovery code").click()
    rescue.get_by_label("Email address").fill(ADA.email)
    rescue.get_by_role("button", name="Send me a code").click()
    rescue.get_by_label("Six-digit code").fill(town.code_for(ADA.email))
    rescue.get_by_label("Recovery code").fill(town.recovery_codes[0])
    rescue.get_by_role("button", name="Start the recovery session").click()
    expect(rescue.get_by_text("This is a recovery session.")).to_be_visible()
    expect(rescue.get_by_text("is kept as administrator, although the directory says otherwise")).to_be_visible()
    check_everywhere(rescue)

    # what settles it, as the page says: the directory off, back by her own hand as nobody else is there
    rescue.locator("#directory").get_by_role("button", name="Deactivate…").click()
    rescue.get_by_role("button", name="Turn the directory off").click()
    expect(rescue.get_by_text("as nobody else is active: make them active again")).to_be_visible()
    rescue.get_by_role("link", name="Open Ada Lovelace").click()
    rescue.locator("summary", has_text="Make active…").click()
    check_everywhere(rescue)
    rescue.get_by_role("button", name="Make Ada Lovelace active").click()
    expect(rescue.get_by_text("Member active again.")).to_be_visible()

    # and the provider is not asked any more
    rescue.goto("/settings/authentication")
    rescue.locator("#single-sign-on").get_by_role("button", name="Deactivate…").click()
    rescue.get_by_role("button", name="Turn single sign-on off").click()
    expect(rescue.get_by_text("Single sign-on is off")).to_be_visible()
    check_everywhere(rescue)
    rescue.get_by_role("banner").get_by_role("button", name="Sign out").click()
    rescue.goto("/sign-in")
    rescue.get_by_label("Email address").fill(ADA.email)
    rescue.get_by_role("button", name="Continue").click()
    rescue.get_by_label("Six-digit code").fill(town.code_for(ADA.email))
    rescue.get_by_role("button", name="Sign in").click()
    expect(rescue.get_by_role("heading", name="Authentication", exact=True)).to_be_visible()
    expect(rescue.locator("#recovery-codes").get_by_text("9 of 10")).to_be_visible()


@ON_SQLITE
def test_member_comes_in_looks_around_and_goes_home(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_saml(page, provider.metadata_url)
    save(page)
    require(page, ADA)

    # a link from a colleague, through the provider, and where it led to
    grace = sign_in_through_provider(town, GRACE, start="/sign-in?next=/profile?from=a%26b&to=c")
    expect(grace).to_have_url(re.compile(r"/profile\?from=a%26b&to=c$"))
    expect(grace.get_by_text("This browser")).to_be_visible()
    check_everywhere(grace)

    # not her business, and who can help
    grace.goto("/settings/authentication")
    expect(grace.get_by_text("This is not open to you")).to_be_visible()
    expect(grace.get_by_text(ADA.email)).to_be_visible()

    # another browser, found open and ended from here
    forgotten = sign_in_through_provider(town, GRACE)
    expect(forgotten).to_have_url(re.compile("/profile$"))
    grace.goto("/profile")
    grace.get_by_role("button", name=re.compile("End the session opened")).click()
    expect(grace.get_by_text("Session ended.")).to_be_visible()
    forgotten.reload()
    expect(forgotten.get_by_label("Email address")).to_be_visible()

    # a bad moment at the provider is a sentence and a reference number, and the next try works
    stranger = town.visitor()
    stranger.goto("/sign-in")
    stranger.get_by_label("Email address").fill(GRACE.email)
    stranger.get_by_role("button", name="Continue").click()
    stranger.locator("[data-refuse]").click()
    expect(stranger.get_by_role("heading", name="You could not be signed in")).to_be_visible()
    check_everywhere(stranger)
    stranger.get_by_role("link", name="Try again").click()
    stranger.get_by_label("Email address").fill(GRACE.email)
    stranger.get_by_role("button", name="Continue").click()
    stranger.locator(f'[data-user="{GRACE.id}"]').click()
    expect(stranger).to_have_url(re.compile("/profile$"))

    # and home
    grace.get_by_role("banner").get_by_role("button", name="Sign out").click()
    grace.goto("/profile")
    expect(grace.get_by_label("Email address")).to_be_visible()


class _InForce:
    """A directory that decides, and the id of its only person."""

    def __init__(self, scim: Caller, ada: str) -> None:
        self.scim, self.ada = scim, ada


def _everything_in_force(town: Town, metadata_url: str) -> _InForce:
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_saml(page, metadata_url)
    save(page)
    require(page, ADA)
    scim = add_directory(page)
    ada = scim.add_user(ADA)
    scim.add_group("Doorward Admins", ada)
    page.reload()
    _put_directory_in_force(page)
    return _InForce(scim, ada)


def _put_directory_in_force(page: Page) -> None:
    """Map the administrators' group, looked at before it is made, then let the directory decide."""
    page.reload()
    mappings = page.locator("#directory-mappings")
    mappings.get_by_label("Group", exact=True).select_option("Doorward Admins")
    mappings.get_by_label("Role", exact=True).select_option("Admin")
    mappings.get_by_role("button", name="Add mapping…").click()
    page.get_by_role("button", name="Add mapping").click()
    expect(mappings.get_by_role("cell", name="Doorward Admins").first).to_be_visible()
    page.locator("#directory").get_by_role("button", name="Activate…", exact=True).click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Let the directory decide").click()
    expect(page.locator("#directory").get_by_text("Active", exact=True)).to_be_visible()


def _next_stage(page: Page) -> Locator:
    return page.locator('#way [aria-current="step"]')
