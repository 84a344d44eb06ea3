"""From nothing to single sign-on required, through the identity provider in a browser, and the day it is gone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import (
    ADA,
    GRACE,
    ON_SQLITE,
    Town,
    check_everywhere,
    found_organization,
    sign_in_through_provider,
    verify_domain,
)
from tests.browser.connecting import fill_in_oidc, require, save
from tests.servers.identity_providers import OidcIdp


@ON_SQLITE
def test_oidc_from_the_first_administrator_to_a_sign_in_through_the_provider(town: Town, oidc_idp: OidcIdp) -> None:
    provider = oidc_idp((ADA, GRACE))
    page = found_organization(town)
    verify_domain(town, page)

    fill_in_oidc(page, provider)
    save(page)
    require(page, ADA)

    _people_come_in(town)
    provider.stop()
    _administrator_gets_back_in(town)


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
