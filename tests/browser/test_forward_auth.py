"""An application behind nginx, from a link into it to the sign-in page and back, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ADA, Town, found_organization
from tests.servers.dns import DnsServer
from tests.servers.doorward import free_port, served
from tests.servers.echo import echoing
from tests.servers.nginx import nginx
from tests.servers.smtp import SmtpServer
from tests.web.proxied import nginx_recipe

TARGET = "/reports/caf%C3%A9?month=11&tag=a%26b&back=/x?y=1"


@pytest.fixture
def town(
    database_url: str, tmp_path: Path, dns_server: DnsServer, smtp_server: SmtpServer, chromium: Browser
) -> Iterator[Town]:
    """A town whose server stands behind nginx, beside an application."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (tmp_path / "nginx").mkdir()
    with served(tmp_path, database_url, base_url=url, smtp_url=smtp_server.url) as server, echoing() as application:
        recipe = nginx_recipe(port, doorward=int(server.base_url.rpartition(":")[2]), application=application)
        with nginx(tmp_path / "nginx", recipe, port=port):
            town = Town(replace(server, base_url=url), database_url, dns_server, smtp_server, chromium)
            yield town
            for context in chromium.contexts:
                context.close()
    assert town.violations == []


def test_link_into_the_application_leads_there_after_signing_in(town: Town) -> None:
    found_organization(town)
    page = town.visitor()

    page.goto(TARGET)
    page.get_by_label("Email address").fill(ADA.email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Six-digit code").fill(town.code_for(ADA.email))
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(town.server.base_url + TARGET)
    reached = json.loads(page.locator("pre").inner_text())
    assert reached["target"] == TARGET
    assert dict(reached["headers"])["X-Doorward-Name"] == "Ada Lovelace"
    page.goto("/profile")
    page.get_by_role("button", name="Sign out").first.click()
    page.goto("/reports")
    expect(page).to_have_url(f"{town.server.base_url}/sign-in?next=/reports")
