"""Signing in and the second factor by keyboard alone: nothing is clicked, nothing is filled in but by typing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.ports.clock import SystemClock
from tests.authenticator import Authenticator
from tests.browser.conftest import ADA, Town

_FAR = 120


def go_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus, as somebody does who has no mouse."""
    expect(target).to_be_visible()
    for _ in range(_FAR):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{page.url}: Tab never gets to {target}")


def press(page: Page, button: str) -> None:
    go_to(page, page.get_by_role("button", name=button, exact=True))
    page.keyboard.press("Enter")


def type_into(page: Page, label: str, text: str) -> None:
    go_to(page, page.get_by_label(label))
    page.keyboard.type(text)


def past_the_mail(town: Town, page: Page) -> None:
    page.goto("/sign-in")
    type_into(page, "Email address", ADA.email)
    page.keyboard.press("Enter")
    type_into(page, "Six-digit code", town.code_for(ADA.email))
    page.keyboard.press("Enter")


def test_organization_is_founded_and_a_second_factor_set_up_required_used_and_released_without_a_mouse(
    town: Town,
) -> None:
    page = town.visitor()
    page.goto(town.server.start_link)
    type_into(page, "Organization", "Acme")
    type_into(page, "Your name", "Ada Lovelace")
    type_into(page, "Your work email", ADA.email)
    page.keyboard.press("Enter")
    type_into(page, "Six-digit code", town.code_for(ADA.email))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Store your recovery codes")).to_be_visible()
    go_to(page, page.get_by_role("checkbox"))
    page.keyboard.press("Space")
    go_to(page, page.get_by_role("button", name="Continue"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Recovery codes confirmed")).to_be_visible()

    page.goto("/profile")
    press(page, "Set up an authenticator app")
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    go_to(page, page.locator("summary", has_text="Type the key by hand"))
    page.keyboard.press("Enter")
    app = Authenticator(page.locator("#enroll-key").inner_text().replace(" ", ""), SystemClock())
    type_into(page, "Type the six digits it shows", app.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Store your backup codes")).to_be_visible()
    backup = page.locator("#codes code").first.inner_text().strip()
    go_to(page, page.get_by_role("checkbox"))
    page.keyboard.press("Space")
    go_to(page, page.get_by_role("button", name="Continue"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your authenticator app is set up.")).to_be_visible()

    page.goto("/settings/authentication")
    press(page, "Require it…")
    press(page, "Require it")
    expect(page.get_by_text("A second factor is required from the next sign-in on.")).to_be_visible()

    press(page, "Sign out")
    expect(page).to_have_url(re.compile("/sign-in"))
    past_the_mail(town, page)
    expect(page.get_by_role("heading", name="Two-step sign-in")).to_be_visible()
    go_to(page, page.locator("summary", has_text="Use a backup code instead"))
    page.keyboard.press("Enter")
    type_into(page, "Backup code", backup)
    page.keyboard.press("Enter")
    expect(page.get_by_text("You have 9 unused ones left.")).to_be_visible()

    page.goto("/settings/authentication")
    press(page, "Stop requiring it…")
    press(page, "Stop requiring it")
    expect(page.get_by_text("A second factor is no longer required.")).to_be_visible()
