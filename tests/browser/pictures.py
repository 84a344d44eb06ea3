"""The pictures of the documentation: `python -m tests.browser.pictures` takes them from the real pages."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import create_engine

from app.factory import create_program
from app.rules.actor import OPERATOR
from app.rules.ids import Prefix
from app.rules.scim_requests import ScimRequestRecord
from app.services import directory_tokens, scim_requests, sessions
from app.services.unit_of_work import UnitOfWork
from app.store import schema
from app.store.database import prepare_engine
from tests.application import World, ports_for, settings_for
from tests.ports.fakes import HandClock, Postbox, ZoneDns
from tests.scenes import ADA, HOST
from tests.servers.chromium import ARGUMENTS, executable
from tests.servers.doorward import served
from tests.web.settings.scenes import Desk, desk

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PEOPLE = ("grace", "alan", "edsger", "barbara", "donald")
#: People were pushed by then, so that the requests of the picture are the newest.
EARLIER = timedelta(minutes=20)
USER = "2819c223-7f76-453a-919d-413861904646"
GROUP = "e9e30dba-f08f-4109-8486-d5c6a331660a"
LOOK_UP = {"method": "GET", "path": '/Users?filter=userName eq "…"&startIndex=1&count=100', "resource": "User"}
CREATED = {
    "method": "POST",
    "path": "/Users",
    "status": 201,
    "resource": "User",
    "resource_id": USER,
    "changes": {"created": True, "active": True},
    "body": '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"…","name":{"givenName":"…",'
    '"familyName":"…"},"emails":[{"value":"…","type":"work","primary":true}],"active":true}',
}
#: What a morning of pushes looks like, oldest first; each after the one before by that many seconds.
REQUESTS: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        0,
        {
            "method": "GET",
            "path": "/User?startIndex=1&count=2",
            "status": 404,
            "detail": "There is no endpoint 'User'. Users are at /Users, groups at /Groups.",
        },
    ),
    (
        40,
        {
            "method": "GET",
            "path": "/Users?startIndex=1&count=2",
            "status": 401,
            "token_id": None,
            "detail": "The bearer token is not valid for this directory: paste a current one.",
        },
    ),
    (600, LOOK_UP),
    *((1, request) for _ in range(5) for request in (LOOK_UP, CREATED)),
    (
        2,
        {
            "method": "PATCH",
            "path": f"/Users/{USER}",
            "resource": "User",
            "resource_id": USER,
            "changes": {"attributes": ["department", "emails", "manager", "name.familyName"]},
            "deviations": ("manager_as_string", "primary_empty"),
            "body": '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":'
            '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"…"}]}',
        },
    ),
    (
        5,
        {
            "method": "POST",
            "path": "/Users",
            "status": 409,
            "resource": "User",
            "detail": "Another user of this directory already has this userName. Find it with a filter on userName and"
            " update it, or give this user another userName in the attribute mapping.",
        },
    ),
    (
        9,
        {
            "method": "PATCH",
            "path": f"/Groups/{GROUP}",
            "resource": "Group",
            "resource_id": GROUP,
            "changes": {"renamed": True, "added": 38, "removed": 1},
            "unknown_members": ("0f6b6a54-5b1c-4b63-9b0f-1d7c0b6a2c11", "c5d2a3e0-9a3a-4a58-8b0e-6f6f0b0d2f10"),
            "unknown_members_total": 2,
            "duration_us": 14_200,
        },
    ),
    (3, {"method": "DELETE", "path": f"/Users/{USER}", "status": 204, "resource": "User", "resource_id": USER,
         "changes": {"deleted": True}}),
)  # fmt: skip


def take_pictures() -> None:
    """Furnish an organization, serve it, and photograph the settings page in both themes."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        url = f"sqlite:///{directory / 'doorward.db'}"
        token = furnish(url)
        with served(directory, url, smtp_url="smtp://127.0.0.1:9") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
            for theme in ("light", "dark"):
                photograph(browser, server.base_url, token, theme=theme)
            browser.close()


def furnish(url: str) -> str:
    """An organization as it looks after a good day of setting up; the token of its administrator's session."""
    engine = prepare_engine(create_engine(url))
    schema.upgrade(engine)
    engine.dispose()
    clock, post, dns = HandClock(), Postbox(), ZoneDns()  # the forged responses are of that day
    program = create_program(settings_for(url), ports_for(clock, post, dns))
    scene = desk(World(program, clock, post, dns))
    scene.require_single_sign_on()
    clock.time = datetime.now(UTC) - EARLIER
    scene.world.work()  # the domain is looked up while its record is there: the server asks the real DNS
    provision(scene)
    with program.transactions.writing(OPERATOR) as unit:
        token = sessions.open_session(unit, scene.organization.member(ADA), opened_by="single_sign_on")
    program.close()
    return token


def provision(scene: Desk) -> None:
    """A directory with a few people and groups, mapped and active."""
    directory_id, scim = scene.organization.add_directory()
    ada = scim.add_user(ADA)
    others = [scim.add_user(f"{name}@{HOST}") for name in PEOPLE]
    scene.organization.map_group(scim.add_group("Doorward Admins", ada, others[0]))
    scim.add_group("Engineering", *others)
    scene.organization.activate_directory(directory_id)
    scene.world.clock.time += EARLIER
    with scene.world.transactions.writing(OPERATOR) as unit:
        add_tokens(unit, scene.organization.id, directory_id)
        add_requests(unit, scene.organization.id, directory_id)


def add_tokens(unit: UnitOfWork, organization_id: str, directory_id: str) -> None:
    """One token that is about to expire, and one that was revoked and is still in use somewhere."""
    soon = unit.now + timedelta(days=9)
    directory_tokens.add(unit, organization_id, directory_id, label="Okta production", expires_at=soon)
    directory_tokens.add(unit, organization_id, directory_id, label="pilot")
    unit.session.flush()
    old = directory_tokens.all_of(unit, organization_id, directory_id)[-1]
    directory_tokens.revoke(unit, organization_id, directory_id, old.id)
    old.refused_at = unit.now - timedelta(minutes=7)


def add_requests(unit: UnitOfWork, organization_id: str, directory_id: str) -> None:
    """A morning of pushes, the last one just now."""
    token = directory_tokens.all_of(unit, organization_id, directory_id)[0]
    at = unit.now - timedelta(seconds=sum(seconds for seconds, _ in REQUESTS))
    for number, (seconds, request) in enumerate(REQUESTS):
        at += timedelta(seconds=seconds)
        values: dict[str, Any] = {
            "token_id": token.id,
            "status": 200,
            "duration_us": 640 + 173 * (number % 7),
            **request,
        }
        record = ScimRequestRecord(id=unit.id(Prefix.SCIM_REQUEST), directory_id=directory_id, at=at, **values)
        scim_requests.write(unit, record)


def photograph(browser: Browser, base_url: str, token: str, *, theme: str) -> None:
    """The authentication page, its card of the directory, and the newest requests in its record."""
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
    )
    cookie = {"name": "__Host-doorward", "value": token, "domain": "127.0.0.1", "path": "/", "secure": True}
    context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright's TypedDict has more optional keys
    page = context.new_page()
    suffix = "" if theme == "light" else "-dark"
    page.goto("/settings/authentication")
    page.screenshot(path=IMAGES / f"authentication{suffix}.png", full_page=True)
    page.locator("#directory").screenshot(path=IMAGES / f"directory{suffix}.png")
    page.get_by_role("link", name="Requests of Okta").click()
    page.locator("summary[aria-label^='Details of PATCH']").last.click()
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.screenshot(path=IMAGES / f"requests{suffix}.png")
    context.close()


if __name__ == "__main__":
    take_pictures()
