"""Situations that many tests begin in, made through the services and over SCIM, as they would come about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Refused
from app.rules.factors import MfaPolicy
from app.rules.roles import ADMIN, GroupSource
from app.rules.sessions import SessionKind
from app.services import (
    directories,
    directory_tokens,
    domains,
    event_positions,
    factors,
    members,
    organizations,
    recovery,
    role_mappings,
    sessions,
)
from app.services.connections import acting_of
from app.services.directories import Provider
from app.services.policy import current
from app.store import events as event_rows
from app.store import members as member_rows
from app.store.events import Event
from app.store.members import Member
from tests.application import BASE_URL, World
from tests.authenticator import Authenticator

HOST = "acme.test"
ADA = f"ada@{HOST}"
GRACE = f"grace@{HOST}"


@dataclass
class ScimClient:
    """An identity provider pushing over SCIM, as plain requests."""

    world: World
    base_url: str
    token: str

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        return self.world.program.app.test_client().open(
            self.base_url.removeprefix(BASE_URL) + path,
            method=method,
            json=body,
            base_url=BASE_URL,
            headers={"Authorization": f"Bearer {self.token}"},
            content_type="application/scim+json",
        )

    def add_user(self, email: str, *, active: bool = True, external_id: str | None = None) -> str:
        """Push a user; their SCIM id."""
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": email,
            "externalId": external_id or email,
            "displayName": email.partition("@")[0].title(),
            "emails": [{"value": email, "primary": True}],
            "active": active,
        }
        return self._created("/Users", body)

    def add_group(self, name: str, *user_ids: str) -> str:
        """Push a group with members; its SCIM id."""
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [{"value": user_id} for user_id in user_ids],
        }
        return self._created("/Groups", body)

    def set_active(self, user_id: str, active: bool) -> TestResponse:
        return self.patch(f"/Users/{user_id}", {"op": "replace", "path": "active", "value": active})

    def add_member(self, group_id: str, user_id: str) -> TestResponse:
        return self.patch(f"/Groups/{group_id}", {"op": "add", "path": "members", "value": [{"value": user_id}]})

    def remove_member(self, group_id: str, user_id: str) -> TestResponse:
        return self.patch(f"/Groups/{group_id}", {"op": "remove", "path": f'members[value eq "{user_id}"]'})

    def patch(self, path: str, *operations: dict[str, Any]) -> TestResponse:
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        answer = self.request("PATCH", path, {"schemas": [schema], "Operations": list(operations)})
        assert answer.status_code in {200, 204}, answer.text
        return answer

    def _created(self, path: str, body: dict[str, Any]) -> str:
        answer = self.request("POST", path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"]) if answer.json else ""


@dataclass
class Organization:
    """An organization with its first administrator, who has signed in once."""

    world: World
    id: str
    admin_id: str

    def member(self, email: str) -> Member:
        """The member as stored now."""
        with self.world.transactions.reading() as unit:
            member = member_rows.by_email(unit.session, email)
            assert member is not None, email
            return member

    def verify_domain(self, host: str = HOST) -> None:
        with self.world.transactions.writing(OPERATOR) as unit:
            domain = domains.claim(
                unit, self.id, host=host, acting=acting_of(members.read(unit, self.id, self.admin_id))
            )
            assert not isinstance(domain, Refused), domain
            unit.session.flush()
            assert not isinstance(domains.verify_by_operator(unit, self.id, domain.id), Refused)

    def store_recovery_codes(self) -> tuple[str, ...]:
        with self.world.transactions.writing(OPERATOR) as unit:
            codes = recovery.make_codes(unit, self.id)
            unit.session.flush()
            recovery.confirm(unit, self.id, by=members.read(unit, self.id, self.admin_id))
            return codes

    def enroll(self, email: str = ADA) -> Authenticator:
        """An authenticator app that this member has set up half a minute ago, so that its code of now is unused."""
        self.world.clock.advance(seconds=-30)
        with self.world.transactions.writing(OPERATOR) as unit:
            member = members.read(unit, self.id, self.member(email).id)
            app = Authenticator(factors.new_secret(unit), self.world.clock)
            factors.enroll(unit, member, app.secret, app.code())
        self.world.clock.advance(seconds=30)
        return app

    def open_session(self, email: str = ADA, *, kind: SessionKind = SessionKind.FULL) -> str:
        """The token of a session of this member that begins now."""
        with self.world.transactions.writing() as unit:
            member = members.read(unit, self.id, self.member(email).id)
            return sessions.open_session(unit, member, opened_by="email_code", kind=kind)

    def require_mfa(self) -> None:
        with self.world.transactions.writing(OPERATOR) as unit:
            organizations.read(unit, self.id).mfa = MfaPolicy.REQUIRED

    def add_directory(self, provider: Provider = Provider.OKTA) -> tuple[str, ScimClient]:
        with self.world.transactions.writing(OPERATOR) as unit:
            directory = directories.to_create(unit, self.id, name="Okta", provider=provider).apply()
            assert not isinstance(directory, Refused), directory
            unit.session.flush()
            token = directory_tokens.add(unit, self.id, directory.id)
            assert not isinstance(token, Refused)
            client = ScimClient(self.world, directories.base_url(unit, directory), token.secret)
            return directory.id, client

    def map_group(self, group_id: str, role: str = ADMIN) -> str:
        with self.world.transactions.writing(OPERATOR) as unit:
            mapping = role_mappings.to_add(
                unit, self.id, source=GroupSource.DIRECTORY, group=group_id, role=role
            ).apply()
            assert not isinstance(mapping, Refused), mapping
            return mapping.id

    def activate_directory(self, directory_id: str) -> None:
        with self.world.transactions.writing(OPERATOR) as unit:
            planned = directories.to_activate(unit, self.id, directory_id)
            outcome = planned.apply(shown=planned.plan().hash)
            assert not isinstance(outcome, Refused), outcome

    def acting_as(self, email: str) -> Actor:
        """The member with this address, who has just shown that it is them."""
        return Actor(ActorKind.MEMBER, id=self.member(email).id, label=email, asked_at=self.world.clock.now())

    def events(self) -> list[Event]:
        """Everything that was told of this organization, in the order of its feed."""
        while event_positions.give(self.world.transactions):
            pass
        with self.world.transactions.reading() as unit:
            return list(event_rows.events_after(unit.session, self.id, after=0, limit=10_000))

    def verified_hosts(self) -> frozenset[str]:
        with self.world.transactions.reading() as unit:
            return current(unit.session, organizations.read(unit, self.id)).access.verified_hosts


def found_organization(world: World, address: str = ADA, name: str = "Acme") -> Organization:
    """Through the start link, as the first person does it."""
    world.first_admin(address, name)
    with world.transactions.reading() as unit:
        member = member_rows.by_email(unit.session, address)
        assert member is not None
        return Organization(world, member.organization_id, member.id)


@dataclass
class Provisioned:
    """An organization whose active directory makes Ada its only administrator, through a mapped group."""

    organization: Organization
    directory_id: str
    scim: ScimClient
    ada: str
    admins: str


def provisioned(world: World) -> Provisioned:
    """Ada is in the pushed group Admins, which is mapped to admin; the directory decides."""
    organization = found_organization(world)
    organization.verify_domain()
    organization.store_recovery_codes()
    directory_id, scim = organization.add_directory()
    ada = scim.add_user(ADA)
    admins = scim.add_group("Admins", ada)
    organization.map_group(admins)
    organization.activate_directory(directory_id)
    # The founder's own grant would outlive every push; here the group alone makes her an administrator.
    with world.transactions.writing(OPERATOR) as unit:
        members.read(unit, organization.id, organization.admin_id).granted_role = None
    return Provisioned(organization, directory_id, scim, ada, admins)
