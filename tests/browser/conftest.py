"""A server with everything around it, and the steps that several stories share."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.identity_providers import Person
from tests.servers.dns import DnsServer
from tests.servers.doorward import Served, environment_for, served
from tests.servers.smtp import SmtpServer

HOST = "acme.test"
#: For stories that are about pages: what is below them has its own tests on both databases, and a story takes a minute.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
#: `PICTURES=/tmp/pictures ./doorward test tests/browser` puts pictures there of every page that the stories look at.
PICTURES = os.environ.get("PICTURES", "")
ADA = Person("u-ada", f"ada@{HOST}", "Ada", "Lovelace", ("Engineering", "Doorward Admins"))
GRACE = Person("u-grace", f"grace@{HOST}", "Grace", "Hopper", ("Engineering",))


@dataclass
class Town:
    """The server, its DNS and SMTP servers, and the browser people use."""

    server: Served
    database_url: str
    dns: DnsServer
    smtp: SmtpServer
    chromium: Browser
    violations: list[str] = field(default_factory=list)
    codes_read: Counter[str] = field(default_factory=Counter)
    recovery_codes: list[str] = field(default_factory=list)

    def visitor(self) -> Page:
        """A page in a browser profile of its own; what the content security policy blocks is written down."""
        context: BrowserContext = self.chromium.new_context(base_url=self.server.base_url)
        page = context.new_page()
        page.on("console", self._listen)
        page.set_default_timeout(30_000)
        return page

    def code_for(self, address: str) -> str:
        """The six digits of the next mail to `address` that has some."""
        while True:
            self.codes_read[address] += 1
            mail = self.smtp.wait_for(address, count=self.codes_read[address], seconds=30)
            if "code is " in mail.text:
                return mail.text.split("code is ")[1][:6]

    def operator(self, *arguments: str) -> str:
        """A `doorward` command on the host."""
        environment = environment_for(self.server.base_url, self.database_url)
        return self.server.command(*arguments, environment=environment)

    def _listen(self, message: ConsoleMessage) -> None:
        if breaks_policy(message, self.server.base_url):
            self.violations.append(message.text)


def breaks_policy(message: ConsoleMessage, base_url: str) -> bool:
    """Whether the browser says that something on a page of this server is against its content security policy."""
    at = message.location["url"] or (message.page.url if message.page else "")  # what a script did has no place
    return "Content Security Policy" in message.text and at.startswith(base_url)


@pytest.fixture
def town(
    database_url: str, tmp_path: Path, dns_server: DnsServer, smtp_server: SmtpServer, chromium: Browser
) -> Iterator[Town]:
    """A town with nothing in it yet; on both databases, two web workers."""
    settings = {
        "allow_private_addresses": "true",
        "dns_resolvers": dns_server.address,
        "smtp_url": smtp_server.url,
        "workers": "2",
    }
    with served(tmp_path, database_url, **settings) as server:
        town = Town(server, database_url, dns_server, smtp_server, chromium)
        yield town
        for context in chromium.contexts:
            context.close()
        assert town.violations == []


def found_organization(town: Town) -> Page:
    """The first administrator comes in through the start link and stores the recovery codes."""
    page = town.visitor()
    page.goto(town.server.start_link)
    page.get_by_label("Organization").fill("Acme")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("Your work email").fill(ADA.email)
    page.get_by_role("button", name="Create the organization").click()
    page.get_by_label("Six-digit code").fill(town.code_for(ADA.email))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Store your recovery codes")).to_be_visible()
    town.recovery_codes = page.locator("#codes code").all_inner_texts()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Recovery codes confirmed")).to_be_visible()
    return page


def verify_domain(town: Town, page: Page) -> None:
    """Claim the domain, publish the record, check."""
    page.get_by_label("Domain", exact=True).fill(HOST)
    page.get_by_role("button", name="Add domain").click()
    value = page.get_by_text("doorward-domain-verification=").first.inner_text().strip()
    town.dns.set_txt(HOST, "v=spf1 -all", value)
    page.get_by_role("button", name=f"Check {HOST} now").click()
    expect(page.locator("#domains").get_by_text("Verified").first).to_be_visible()


def sign_in_through_provider(town: Town, person: Person, *, start: str = "/sign-in") -> Page:
    """A fresh browser, from the address to the provider and back."""
    page = town.visitor()
    page.goto(start)
    page.get_by_label("Email address").fill(person.email)
    page.get_by_role("button", name="Continue").click()
    page.locator(f'[data-user="{person.id}"]').click()
    return page


def check_everywhere(page: Page) -> None:
    """No barrier that axe knows of, wide and light, narrow and dark; nothing sticks out at the side."""
    check(page, width=1280, scheme="light")
    check(page, width=320, scheme="dark")
    if PICTURES:
        _take_pictures(page, Path(PICTURES))


def _take_pictures(page: Page, directory: Path) -> None:
    """The page as it is now, in both themes and two widths, named by its address and the order of the story."""
    ids_left_out = re.sub(
        r"\b[a-z]{2,5}_[0-9a-z]{26}\b|/(?:start|recover|invitations)/[^/]+", "-", urlsplit(page.url).path
    )
    name = re.sub(r"[^a-z-]+", "-", ids_left_out).strip("-") or "home"
    number = len(list(directory.glob("*.png"))) // 4
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=directory / f"{number:03d}-{name}-{width}-{scheme}.png", full_page=True)


def check(page: Page, *, width: int, scheme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    # Without motion no colour is measured half-way between two themes.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = Axe().run(page)
    if found.violations_count:  # measured while the page was still being drawn? what is wrong with it stays wrong
        page.wait_for_timeout(1_000)
        found = Axe().run(page)
    if found.violations_count:
        pytest.fail(f"{page.url} {width} {scheme}\n{found.generate_report()}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, width)
