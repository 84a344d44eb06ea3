"""The walk itself: who goes where, and what a page on the way is called."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from demo.people import ADA, Person
from demo.town import Town
from tests.browser.conftest import breaks_policy

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class View:
    """A page as it stands in front of somebody. `name` is that of its pictures, `caption` what they show; `template` is
    what it is made of, "" for a page of the demo itself.
    """

    name: str
    template: str
    caption: str
    page: Page


@dataclass
class Walker:
    """Goes through the town with as many browsers as there are people in it."""

    town: Town
    chromium: Browser
    #: What the content security policy has blocked on the way.
    violations: list[str] = field(default_factory=list)

    def visitor(self, *, scripts: bool = True) -> Page:
        """A page in a browser profile of its own."""
        context = self.chromium.new_context(base_url=self.town.server.base_url, java_script_enabled=scripts)
        page = context.new_page()
        page.on("console", self._listen)
        page.set_default_timeout(30_000)
        return page

    def code_after(self, button: Locator, address: str) -> str:
        """Press the button that has a code mailed: its six digits."""
        earlier = self.town.office.latest_code(address)
        button.click()
        return self.town.office.await_code(address, besides=earlier)

    def mailed_link(self, address: str, path: str) -> str:
        """The link below a path in the latest mail to somebody that has one."""
        return self.town.office.await_quote(address, rf"(http\S+{path}\S+)")

    def start_link(self) -> str:
        """What the server has printed for its first administrator."""
        log = (self.town.server.folder / "server.log").read_text("utf-8")
        found = re.search(r"http\S+/start/\S+", log)
        assert found is not None, log
        return found.group()

    def operator(self, *arguments: str) -> str:
        """What a `doorward` command on the host prints."""
        folder, base_url = self.town.server.folder, self.town.server.base_url
        settings = {"BASE_URL": base_url, "DATABASE_URL": f"sqlite:///{folder / 'doorward.db'}"}
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=folder,  # where its secret key is
            env={f"DOORWARD_{name}": value for name, value in settings.items()} | {"PYTHONPATH": str(_ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def push(self, *changed: Person) -> None:
        """Change people at the provider, and tell Doorward."""
        self.town.directory.put(changed)
        self.town.directory.push()

    def administrator(self) -> Page:
        """A browser in which the company's administrator is signed in."""
        page = self.visitor()
        page.goto(self.town.settings_link)
        expect(page.get_by_role("heading", name="Authentication", exact=True)).to_be_visible()
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if breaks_policy(message, self.town.server.base_url):
            self.violations.append(message.text)


def go_to_provider(page: Page, address: str) -> None:
    """Begin to sign in, as far as somebody at the company's domain is sent on."""
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(address)
    page.get_by_role("button", name="Continue").click()


def choose_at_provider(page: Page, person_id: str = ADA.id) -> None:
    """Say at the company's provider who one is."""
    page.locator(f'button[name="person"][value="{person_id}"]').click()
