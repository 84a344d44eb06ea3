"""A colleague is invited, accepts, and is found, suspended and shortened out of the building."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import GRACE, ON_SQLITE, Town, check_everywhere, found_organization


def link_for(town: Town, address: str) -> str:
    """The link in the first mail to this address."""
    found = re.search(r"https?://\S+/invitations/\S+", town.smtp.wait_for(address, count=1, seconds=30).text)
    assert found is not None
    return found.group(0)


@ON_SQLITE
def test_colleague_is_invited_accepts_and_is_found_among_the_members(town: Town) -> None:
    page = found_organization(town)
    page.get_by_role("link", name="Members", exact=True).click()
    check_everywhere(page)
    page.get_by_label("Email address").fill("nobody")
    page.get_by_label("Email address").fill(GRACE.email)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("Invitation sent.")).to_be_visible()
    expect(page.get_by_text("Invited", exact=True)).to_be_visible()
    check_everywhere(page)
    page.get_by_label("Email address").fill(GRACE.email)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("This was sent less than a minute ago.")).to_be_visible()
    check_everywhere(page)

    grace = town.visitor()
    grace.goto(link_for(town, GRACE.email))
    expect(grace.get_by_role("heading", name="You are invited to Acme")).to_be_visible()
    check_everywhere(grace)
    grace.keyboard.press("Tab")
    grace.get_by_role("button", name=f"Continue as {GRACE.email}").focus()
    grace.keyboard.press("Enter")
    grace.get_by_label("Six-digit code").fill(town.code_for(GRACE.email))
    grace.keyboard.press("Enter")
    expect(grace.get_by_role("heading", name="Profile")).to_be_visible()
    grace.get_by_label("Name").fill("Grace Hopper")
    grace.get_by_role("button", name="Save").click()
    expect(grace.get_by_text("Your name was changed.")).to_be_visible()
    check_everywhere(grace)
    grace.goto(link_for(town, GRACE.email))
    expect(grace.get_by_text("This invitation was accepted already.")).to_be_visible()
    check_everywhere(grace)

    page.goto("/settings/members")
    page.get_by_label("Name or address").fill("hopper")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Grace Hopper")).to_be_visible()
    expect(page.get_by_text("Ada Lovelace (you)")).to_have_count(0)
    check_everywhere(page)
    page.get_by_label("State").select_option("Suspended")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    check_everywhere(page)

    page.goto("/settings/authentication#session-lifetimes")
    page.get_by_label("At most, hours").fill("x")
    page.locator("#session-lifetimes").get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is not a whole number.")).to_be_visible()
    check_everywhere(page)
    page.get_by_label("At most, hours").fill("24")
    page.locator("#session-lifetimes").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Sessions last that long from now on.")).to_be_visible()
