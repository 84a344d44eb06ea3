"""What the script adds to the pages: what was done is told once and stands in nobody's way, values are copied, the
first wrong field has the focus, and a page that stands still says so.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import HOST, ON_SQLITE, Town, check_everywhere, found_organization

_LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


@ON_SQLITE
def test_what_was_done_is_told_once_and_does_not_cover_where_it_was_done(town: Town) -> None:
    page = _with_a_domain(town)
    told = page.locator(".notices.told")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 600})
        page.get_by_role("button", name=f"Check {HOST} now").click()
        expect(told).to_contain_text("The record was not found yet.")
        assert _bottom_of(page, ".notices.told") <= _top_of(page, f"h3:has-text('{HOST}')"), width
    assert "done=" not in page.url

    page.get_by_role("button", name="Close this message").click()
    expect(told).to_have_count(0)
    page.get_by_role("button", name=f"Check {HOST} now").click()
    expect(told).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Authentication", exact=True)).to_be_visible()
    expect(told).to_have_count(0)


@ON_SQLITE
def test_what_breaks_the_policy_of_a_page_is_heard_of(town: Town) -> None:
    """Of every story: none would tell otherwise that it has broken it."""
    page = town.visitor()
    page.goto("/sign-in")

    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")

    page.wait_for_function("document.querySelector('p[style]') !== null")
    expect(page.locator("p[style]")).not_to_have_css("color", "rgb(255, 0, 0)")
    assert len(town.violations) == 1
    town.violations.clear()


@ON_SQLITE
def test_first_wrong_field_has_the_focus_and_values_are_copied_or_selected(town: Town) -> None:
    page = found_organization(town)
    page.get_by_label("Domain", exact=True).fill("gmail.com")
    page.get_by_role("button", name="Add domain").click()
    expect(page.get_by_label("Domain", exact=True)).to_be_focused()

    _add_the_domain(page)
    page.context.grant_permissions(["clipboard-write"])
    copy = page.locator("#domains [data-copy]").first
    copy.click()
    expect(copy).to_contain_text("Copied")
    expect(page.locator("#announcer")).to_contain_text("Copied: ")
    page.evaluate("delete Navigator.prototype.clipboard")  # as over plain http
    copy.click()
    expect(copy).to_contain_text("Selected")
    assert page.evaluate("getSelection().toString()")


@ON_SQLITE
def test_page_that_is_not_kept_fresh_says_so(town: Town) -> None:
    page = _with_a_domain(town)
    still = page.get_by_text("This page is no longer kept fresh.")
    page.route("**/settings/authentication*", lambda route: route.abort())
    for _ in range(3):
        expect(still).to_be_hidden()
        with page.expect_event("requestfailed"):
            page.evaluate(_LOOK_AGAIN)
    expect(still).to_be_visible()
    check_everywhere(page)
    page.unroute("**/settings/authentication*")
    page.evaluate(_LOOK_AGAIN)
    expect(still).to_be_hidden()

    page.get_by_label("Another domain").fill("gmail.com")
    with page.expect_response("**/settings/domains"):
        page.get_by_role("button", name="Add domain").click()
    expect(page.get_by_label("Another domain")).to_be_focused()
    assert (
        page.evaluate("document.body.dataset.refreshSeconds") is None
    )  # the answer to a form cannot be asked for again
    expect(still).to_be_hidden()

    page.goto("/settings/authentication")
    page.context.clear_cookies()
    page.evaluate(_LOOK_AGAIN)
    expect(still).to_be_visible()
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_label("Email address")).to_be_visible()


def _with_a_domain(town: Town) -> Page:
    page = found_organization(town)
    _add_the_domain(page)
    return page


def _add_the_domain(page: Page) -> None:
    page.get_by_label("Domain", exact=True).fill(HOST)
    page.get_by_role("button", name="Add domain").click()
    expect(page.get_by_role("button", name=f"Check {HOST} now")).to_be_visible()


def _top_of(page: Page, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("element => element.getBoundingClientRect().top"))


def _bottom_of(page: Page, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("element => element.getBoundingClientRect().bottom"))
