"""A real organization beside a small world: who, which group and which host of it is which."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.rules.connections import SettingsRead
from app.store.members import Member
from tests.application import BASE_URL, OPERATOR_TOKEN, World
from tests.model.world import NAMES
from tests.scenes import Organization, ScimClient

_API = "/api/v1"


@dataclass
class Stage:
    """A real organization with a directory and a connection; who, which group and which host is which by place."""

    organization: Organization
    hosts: tuple[str, str]
    connection_id: str
    directory_id: str
    scim: ScimClient
    group_ids: list[str]
    codes: list[str]
    user_ids: dict[int, str] = field(default_factory=dict)
    #: (group, source) -> the mapping there is.
    mapping_ids: dict[tuple[int, str], str] = field(default_factory=dict)
    invitation_ids: dict[int, str] = field(default_factory=dict)
    edits: int = 0

    @property
    def world(self) -> World:
        return self.organization.world

    @property
    def path(self) -> str:
        return f"/organizations/{self.organization.id}"

    def rows(self) -> dict[int, Member]:
        """The members who are there, by place."""
        with self.world.transactions.reading() as unit:
            query = select(Member).where(Member.organization_id == self.organization.id, Member.removed_at.is_(None))
            found = {member.email.partition("@")[0]: member for member in unit.session.scalars(query)}
        return {who: found[name.lower()] for who, name in enumerate(NAMES) if name.lower() in found}

    def address(self, who: int, host: int) -> str:
        return f"{NAMES[who].lower()}@{self.hosts[host]}"

    def change(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A change as somebody careful asks for it: looked at first, held to that, and found to be what was said."""
        plan = self.call(method, f"{path}?dry_run=true", body)
        if isinstance(plan, str):
            assert self.call(method, path, body) == plan
            return plan
        outcome = self.call(method, path, body, plan=plan["hash"])
        refused = plan["refused"]["code"] if plan["refused"] else None
        assert (outcome if isinstance(outcome, str) else None) == refused, (plan, outcome)
        if refused is None:
            self._compare(plan["people"])
        return outcome

    def _compare(self, people: list[dict[str, Any]]) -> None:
        """Whom a plan was about stands as it said; who joins has an id only once they have."""
        rows = {key: row for row in self.rows().values() for key in (row.id, row.email)}
        for person in people:
            after = person["after"]
            row = rows.get(person["member_id"]) or rows.get(person["email"])
            assert (row is None) is after["removed"], person
            if row is not None:
                stands = (row.role, row.role_source, row.state, row.suspended, row.held)
                said = tuple(after[name] for name in ("role", "role_source", "state", "suspended", "held"))
                assert stands == said, person

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, *, plan: str = "") -> Any:
        """A call of the JSON API by the operator: what it answers, or the code with which it is refused. `plan` is the
        hash of the dry run it is held to.
        """
        answer = self.world.program.app.test_client().open(
            _API + path,
            method=method,
            base_url=BASE_URL,
            headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"} | ({"If-Match": f'"{plan}"'} if plan else {}),
            json=body,
        )
        assert answer.status_code in {200, 201, 204, 409}, answer.text
        found = json.loads(answer.text) if answer.data else {}
        return found["code"] if answer.status_code == 409 else found


def connection_settings(name: str) -> SettingsRead:
    """Settings of a connection whose protocol is left out."""
    return SettingsRead({"idp": {"entity_id": name, "certificates": []}})
