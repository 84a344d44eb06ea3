"""The audit log in a browser: found from the navigation, filtered without a script, saved, readable by everyone."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import ON_SQLITE, Town, check_everywhere, found_organization, verify_domain


@ON_SQLITE
def test_audit_log_is_read_filtered_and_saved(town: Town) -> None:
    page = found_organization(town)
    verify_domain(town, page)
    page.get_by_role("link", name="Audit log", exact=True).click()
    expect(page.get_by_role("heading", name="Audit log", exact=True)).to_be_visible()
    expect(page.get_by_text("verified the domain")).to_be_visible()
    check_everywhere(page)

    page.get_by_label("About").select_option("Recovery")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("confirmed the recovery codes as stored")).to_be_visible()
    expect(page.get_by_text("verified the domain")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("link", name="JSON lines").click()
    lines = [json.loads(line) for line in Path(saved.value.path()).read_text().splitlines()]
    assert {line["action"] for line in lines} == {"recovery_codes.created", "recovery_codes.confirmed"}

    page.get_by_label("From (UTC)").fill("2090-01-01")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="No entry matches")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("link", name="Show all").click()
    sealed = page.get_by_text("Sealed up to entry")
    for _ in range(20):
        if sealed.count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
    expect(sealed).to_be_visible()
