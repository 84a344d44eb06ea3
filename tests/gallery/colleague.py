"""Somebody without an account, who runs the identity provider and has been given a link."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.gallery.walk import View, Walker, choose_at_provider

_NOTE = "Kim, identity team"


def colleague(walker: Walker) -> Iterator[View]:
    """Single sign-on by one link, a directory by another."""
    ada = walker.administrator()
    link = _make_link(ada, "sso")
    yield View("setup-link", "settings/setup_link_made.html", "A link for whoever runs the identity provider", ada)
    ada.goto("/settings/setup-links")
    yield View("setup-links", "settings/setup_links.html", "Every setup link, and its use", ada)

    page = walker.visitor()
    page.goto(link)
    yield View("setup-door", "setup/door.html", "Where a setup link leads", page)
    page.get_by_role("button", name="Open").click()
    yield from _tests(page)
    page.goto(_make_link(ada, "directory"))
    page.get_by_role("button", name="Open").click()
    yield from _adds_a_directory(page)
    page.context.close()
    ada.context.close()


def _make_link(ada: Page, scope: str) -> str:
    ada.goto(f"/settings/setup-links?scope={scope}")
    ada.get_by_label("Whom it is for").fill(_NOTE)
    ada.get_by_role("button", name="Make link").click()
    return ada.locator("#setup-link").inner_text()


def _tests(page: Page) -> Iterator[View]:
    yield View("setup-sso", "setup/sso.html", "Single sign-on, for a colleague", page)
    page.get_by_role("button", name="Test sign-in").first.click()
    choose_at_provider(page)
    expect(page).to_have_url(re.compile("/tests/"))
    yield View("setup-tested", "setup/tested.html", "What a colleague's test has received", page)


def _adds_a_directory(page: Page) -> Iterator[View]:
    page.get_by_label("Name").fill("Example, next year")
    page.get_by_role("button", name="Add directory").click()
    page.get_by_role("button", name="New token").click()
    expect(page.locator("#token")).to_contain_text("scim_")
    yield View("setup-token", "setup/token.html", "The token of the colleague's directory, shown once", page)
    page.get_by_role("link", name="I have copied it").click()
    yield View("setup-directory", "setup/directory.html", "A directory, set up by a colleague", page)
