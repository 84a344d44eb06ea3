"""The page of roles in a browser: from the first role of one's own to its deletion, readable by everyone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ON_POSTGRESQL, Town, check_everywhere, found_organization


@ON_POSTGRESQL
def test_roles_are_added_ordered_made_the_default_and_deleted(town: Town) -> None:
    page = found_organization(town)
    page.get_by_role("link", name="Roles", exact=True).click()
    expect(page.get_by_role("heading", name="Roles", exact=True)).to_be_visible()
    for name in ("Editor", "Author"):
        page.locator("#add-role").get_by_label("Name").fill(name)
        page.get_by_role("button", name="Add role").click()
        expect(page.get_by_text("Role added.")).to_be_visible()
    expect(names(page)).to_have_text(["Admin", "Author", "Editor", "Member"])

    manage(page, "editor")
    row(page, "editor").get_by_role("button", name="Move up: Editor").click()
    expect(names(page)).to_have_text(["Admin", "Editor", "Author", "Member"])
    expect(row(page, "editor").get_by_text("always has the highest priority")).to_be_visible()
    check_everywhere(page)
    manage(page, "editor")
    row(page, "editor").get_by_role("button", name="Make default…").click()
    check_everywhere(page)
    page.get_by_role("button", name="Make Editor the default").click()
    expect(row(page, "editor").get_by_text("Default", exact=True)).to_be_visible()
    check_everywhere(page)
    manage(page, "author")
    row(page, "author").get_by_role("button", name="Delete…").click()
    check_everywhere(page)
    page.get_by_label("Type author to confirm").fill("author")
    page.get_by_role("button", name="Delete Author").click()
    expect(page.get_by_text("Role deleted.")).to_be_visible()
    expect(names(page)).to_have_text(["Admin", "Editor", "Member"])


def names(page: Page) -> Locator:
    """What the roles are called, in their order."""
    return page.locator(".people .names .strong")


def row(page: Page, slug: str) -> Locator:
    """The row of one role."""
    return page.locator(".people > li").filter(has=page.locator(".names code", has_text=slug))


def manage(page: Page, slug: str) -> None:
    """Open what can be done with a role, unless the page opened it already."""
    summary = row(page, slug).locator("summary").first
    if not row(page, slug).locator("details[name]").evaluate("details => details.open"):
        summary.click()
