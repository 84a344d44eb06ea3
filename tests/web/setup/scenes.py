"""What happens between an administrator and the colleague who runs the identity provider."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from app.rules.setup_links import Scope
from tests.application import Browser, World
from tests.saml.forge import ISSUER
from tests.web.settings.scenes import BY_HAND, Desk, anchor, desk, made_by, to_last_step

LINKS = "/settings/setup-links"
HOMES = {Scope.SSO: "/setup/sso", Scope.DIRECTORY: "/setup/directory"}
KIM = "kim@consulting.test"


def ready(world: World) -> Desk:
    """An administrator whose domain is verified."""
    ada = desk(world)
    ada.verify_domain()
    return ada


def make_link(ada: Desk, scope: Scope = Scope.SSO, note: str = "Kim") -> str:
    """A link that is shown once: its URL."""
    ada.browser.get(LINKS)
    answer = ada.browser.submit(LINKS, scope=scope.value, note=note)
    assert answer.status_code == 200, answer.text
    return html.unescape(re.findall(r'<code id="setup-link">([^<]+)</code>', answer.text)[0])


def open_link(world: World, url: str) -> Browser:
    """A browser in which the link was opened, at its first page."""
    browser = world.browser()
    browser.get("/setup")
    answer = browser.submit("/setup", link=url)
    assert answer.status_code == 303, answer.text
    shown = browser.get(answer.headers["Location"])
    assert shown.status_code == 200, shown.text
    return browser


def holder(ada: Desk, scope: Scope = Scope.SSO) -> Browser:
    """A browser of somebody who has opened a fresh link."""
    return open_link(ada.world, make_link(ada, scope))


def revoke_all(ada: Desk) -> None:
    """Revoke every link that is open."""
    ada.browser.get(LINKS)
    for action in re.findall(rf'action="({LINKS}/[^"]+/revoke)"', ada.browser.page):
        assert ada.browser.submit(action).status_code == 303


def token_of(url: str) -> str:
    """What stands behind the "#"."""
    return urlsplit(url).fragment


def connect(browser: Browser, **changes: str) -> str:
    """Set a connection up in a setup session: its id."""
    href = to_last_step(browser, at="/setup/sso")
    answer = browser.submit(href, **(BY_HAND | {"name": "Kim's provider", "idp.entity_id": ISSUER} | changes))
    return made_by(answer)


def add_directory(browser: Browser) -> str:
    """Add a directory in a setup session: its id."""
    return anchor(browser.submit("/setup/directory", name="Kim's Okta", provider="okta"))
