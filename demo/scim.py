"""The company's directory as a SCIM client: it asks and pushes in the way Okta does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import requests

from demo.people import Person

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_TIMEOUT_SECONDS = 60
#: "Too fast" and "busy": whoever is answered so sends the same once more, after as long as they were told to wait.
_LATER = frozenset({429, 503})
_TRIES = 10
_LONGEST_WAIT_SECONDS = 5.0


class PushRefusedError(Exception):
    """Doorward has answered a push with an error; the message is what it said."""


class ScimClient:
    """The connection to one directory of Doorward; may be used by several threads."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        self._kept = threading.local()

    def find_user(self, email: str) -> str | None:
        """The id of the user with this userName, if there is one."""
        wanted = quote(f'userName eq "{email}"')
        found = self._ask("GET", f"/Users?filter={wanted}")["Resources"]
        return str(found[0]["id"]) if found else None

    def create_user(self, person: Person) -> str:
        """Push somebody for the first time: their id at Doorward."""
        return str(self._ask("POST", "/Users", _user(person))["id"])

    def replace_user(self, user_id: str, person: Person) -> None:
        """Push a changed profile."""
        self._ask("PUT", f"/Users/{user_id}", {"id": user_id, **_user(person)})

    def set_active(self, user_id: str, *, active: bool) -> None:
        """Deactivate somebody, or take that back."""
        self._patch(f"/Users/{user_id}", [{"op": "replace", "value": {"active": active}}])

    def create_group(self, name: str) -> str:
        """Push a group that has no members yet: its id at Doorward."""
        body = {"schemas": [_GROUP], "displayName": name, "members": []}
        return str(self._ask("POST", "/Groups", body)["id"])

    def change_members(self, group_id: str, *, add: Iterable[str], remove: Iterable[str]) -> None:
        """Push who has joined a group and who has left it, by their ids."""
        joining: list[dict[str, Any]] = [{"value": user_id} for user_id in add]
        operations: list[dict[str, Any]] = [{"op": "add", "path": "members", "value": joining}] if joining else []
        operations += [{"op": "remove", "path": f'members[value eq "{user_id}"]'} for user_id in remove]
        if operations:
            self._patch(f"/Groups/{group_id}", operations)

    def _patch(self, path: str, operations: list[dict[str, Any]]) -> None:
        self._ask("PATCH", path, {"schemas": [_PATCH], "Operations": operations})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._send(method, path, body)
        for _ in range(_TRIES):
            if answer.status_code not in _LATER:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", "1")), _LONGEST_WAIT_SECONDS))
            answer = self._send(method, path, body)
        if not answer.ok:
            raise PushRefusedError(f"{method} {path} was answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> requests.Response:
        return self._session.request(
            method, self._base_url + path, json=body, headers=self._headers, timeout=_TIMEOUT_SECONDS
        )

    @property
    def _session(self) -> requests.Session:
        """One for each thread: requests does not promise that they can be shared."""
        if not hasattr(self._kept, "session"):
            self._kept.session = requests.Session()
            self._kept.session.trust_env = False  # no proxy stands between this machine and itself
        session: requests.Session = self._kept.session
        return session


def _user(person: Person) -> dict[str, Any]:
    return {
        "schemas": [_USER],
        "externalId": f"00u-{person.id}",
        "userName": person.email,
        "name": {"givenName": person.first_name, "familyName": person.last_name},
        "displayName": person.name,
        "emails": [{"value": person.email, "type": "work", "primary": True}],
        "active": person.active,
    }
