"""The second factor from the first scan to the last way back: set up, required, asked for, lost, reset, set up anew."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from app.ports.clock import SystemClock
from tests.authenticator import Authenticator
from tests.browser.conftest import ADA, Town, check_everywhere, found_organization


def scan(page: Page) -> Authenticator:
    """The app, after its owner has typed the key by hand."""
    page.get_by_text("Type the key by hand").click()
    key = page.locator("#enroll-key").inner_text()
    return Authenticator(key.replace(" ", ""), SystemClock())


def store_backup_codes(page: Page) -> list[str]:
    """The codes that are shown once."""
    expect(page.get_by_role("heading", name="Store your backup codes")).to_be_visible()
    codes = [code.strip() for code in page.locator("#codes code").all_inner_texts()]
    assert len(set(codes)) == 10
    check_everywhere(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "doorward-backup-codes.txt"
    assert Path(saved.value.path()).read_text().split()[-10:] == codes
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()
    return codes


def past_the_mail(town: Town) -> Page:
    """A fresh browser that has proven the address."""
    page = town.visitor()
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(ADA.email)
    page.keyboard.press("Enter")
    page.get_by_label("Six-digit code").fill(town.code_for(ADA.email))
    page.keyboard.press("Enter")
    return page


def test_second_factor_is_set_up_required_asked_for_lost_and_set_up_anew(town: Town) -> None:
    page = found_organization(town)
    page.goto("/settings/authentication#security")
    expect(page.get_by_text("You have no authenticator app yourself")).to_be_visible()
    page.get_by_role("link", name="Go to your profile").click()
    check_everywhere(page)

    # set up on the profile
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    app = scan(page)
    check_everywhere(page)
    page.get_by_label("Type the six digits it shows").fill(app.wrong_code())
    page.keyboard.press("Enter")
    expect(page.get_by_text("That is not the right code.")).to_be_visible()
    check_everywhere(page)
    page.get_by_label("Type the six digits it shows").fill(app.code())
    page.keyboard.press("Enter")
    codes = store_backup_codes(page)
    expect(page.get_by_text("Your authenticator app is set up.")).to_be_visible()
    check_everywhere(page)

    # required by plan
    page.goto("/settings/authentication#security")
    check_everywhere(page)
    page.get_by_role("button", name="Require it…").click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Require it").click()
    expect(page.get_by_text("A second factor is required from the next sign-in on.")).to_be_visible()

    # asked for, by keyboard alone
    other = past_the_mail(town)
    expect(other.get_by_role("heading", name="Two-step sign-in")).to_be_visible()
    check_everywhere(other)
    other.get_by_label("Code from your authenticator app").fill(app.wrong_code())
    other.keyboard.press("Enter")
    expect(other.get_by_text("That is not the right code.")).to_be_visible()
    other.reload()
    other.get_by_text("Use a backup code instead").focus()
    other.keyboard.press("Enter")
    other.get_by_label("Backup code").fill(codes[0])
    check_everywhere(other)
    other.get_by_role("button", name="Use it").click()
    expect(other.get_by_text("You signed in with a backup code. You have 9 unused ones left.")).to_be_visible()
    expect(other.get_by_text("9 unused", exact=True)).to_be_visible()
    expect(other.get_by_text("an emailed code and a backup code").first).to_be_visible()
    check_everywhere(other)

    # the first browser ends the session of the second one
    page.goto("/profile")
    page.get_by_role("button", name=re.compile("End the session")).click()
    expect(page.get_by_text("Session ended.")).to_be_visible()
    other.goto("/profile")
    expect(other.get_by_label("Email address")).to_be_visible()

    # lost: back by recovery, reset, and set up anew before anything else
    page.goto("/profile/confirm?next=/profile")
    check_everywhere(page)
    rescue = town.visitor()
    rescue.goto(town.operator("recover", ADA.email).strip().splitlines()[-1].split()[-1])
    rescue.get_by_role("button", name=re.compile("recovery session")).click()
    rescue.get_by_role("link", name="Members", exact=True).click()
    check_everywhere(rescue)
    rescue.get_by_role("main").get_by_role("link", name="Ada Lovelace").click()
    rescue.locator("summary", has_text="Reset").click()
    check_everywhere(rescue)
    rescue.get_by_role("button", name="Reset it").click()
    expect(rescue.get_by_text("Authenticator app reset.")).to_be_visible()
    page.goto("/profile")
    expect(page.get_by_label("Email address")).to_be_visible()
    page = past_the_mail(town)
    expect(page.get_by_text("Your organization asks for a second step when you sign in.")).to_be_visible()
    new = scan(page)
    page.get_by_label("Type the six digits it shows").fill(new.code())
    page.keyboard.press("Enter")
    store_backup_codes(page)
    expect(page.get_by_role("heading", name="Authentication", exact=True)).to_be_visible()
    page.goto("/settings/audit")
    expect(page.get_by_text("reset the authenticator app of").first).to_be_visible()
