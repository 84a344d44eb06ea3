"""An identity provider's directory in a story: pushes from outside the server."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.identity_providers import Person

_CORE = "urn:ietf:params:scim:schemas:core:2.0"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True)
class Caller:
    """A program with a bearer token, from outside the server."""

    base_url: str
    token: str

    def call(self, method: str, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """What the server answers; an error is an exception."""
        request = urllib.request.Request(
            self.base_url + path,
            method=method,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.loads(answer.read()))

    def add_user(self, person: Person) -> str:
        """Push somebody for the first time: their id."""
        name = {"givenName": person.first_name, "familyName": person.last_name}
        body = {"schemas": [f"{_CORE}:User"], "userName": person.email, "name": name, "active": True}
        return str(self.call("POST", "/Users", body)["id"])

    def add_group(self, name: str, *members: str) -> str:
        """Push a group: its id."""
        values = [{"value": member} for member in members]
        body = {"schemas": [f"{_CORE}:Group"], "displayName": name, "members": values}
        return str(self.call("POST", "/Groups", body)["id"])

    def set_active(self, user: str, *, active: bool) -> None:
        """Deactivate somebody, or take that back."""
        operation = {"op": "replace", "path": "active", "value": active}
        self.call("PATCH", f"/Users/{user}", {"schemas": [_PATCH], "Operations": [operation]})


def add_directory(page: Page) -> Caller:
    """Add a directory on the page, and copy what the identity provider needs."""
    page.goto("/settings/authentication#directory")
    card = page.locator("#directory")
    card.get_by_label("Name", exact=True).fill("Acme Okta")
    card.get_by_label("Pushed by").select_option("okta")
    card.get_by_role("button", name="Add directory").click()
    expect(page.get_by_text("Waiting for the first request from Okta")).to_be_visible()
    base_url = card.locator("[id$=-base-url]").inner_text().strip()
    card.get_by_role("button", name="New token").click()
    token = page.locator("#token").inner_text().strip()
    page.get_by_role("link", name="I have copied it").click()
    return Caller(base_url, token)
