"""A connection whose protocol is left out: tests hand over the identity that a protocol would have made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from app.rules.actor import OPERATOR
from app.rules.connections import SettingsRead
from app.rules.decisions import Refused
from app.rules.identity import UNKNOWN_GROUPS, ExternalIdentity, Rejection
from app.services import answers, connections, members, sign_in
from app.services.answers import Arrival
from app.services.steps import GoToProvider, NextStep
from tests.application import World
from tests.scenes import ADA, HOST, Organization, found_organization


def identity_of(world: World, email: str, **changes: object) -> ExternalIdentity:
    """What a provider says of `email`; every one has a replay key of its own."""
    identity = ExternalIdentity(
        issuer="https://idp.test",
        subject=f"subject-of-{email}",
        email=email,
        name=email.partition("@")[0].title(),
        groups=UNKNOWN_GROUPS,
        replay_key=world.program.transactions.ports.randomness.token(),
        replay_until=world.clock.now() + timedelta(minutes=10),
    )
    return replace(identity, **changes)  # type: ignore[arg-type]  # the fields are ExternalIdentity's own


@dataclass
class SingleSignOn:
    """An organization and its connection."""

    organization: Organization
    connection_id: str
    protocol: str = "saml"

    @property
    def world(self) -> World:
        return self.organization.world

    def come_back(
        self, result: ExternalIdentity | Rejection, *, tester: bool = False, browser: str = "browser-token"
    ) -> NextStep:
        """Go to the provider and come back with `result`, as a sign-in or as the administrator's test."""
        return self.arrive(self.leave(tester=tester, browser=browser), result, browser=browser)

    def leave(self, *, tester: bool = False, browser: str = "browser-token") -> Arrival:
        """Go to the provider, and be back with nothing verified yet."""
        with self.world.transactions.writing() as unit:
            admin = members.read(unit, self.organization.id, self.organization.admin_id) if tester else None
            step = sign_in.begin_through(unit, self.connection_id, browser=browser, tester=admin)
        assert isinstance(step, GoToProvider)
        with self.world.transactions.writing() as unit:
            arrival = answers.claim_arrival(
                unit, self.connection_id, protocol=self.protocol, handle=step.flow.handle, browser=browser
            )
        assert isinstance(arrival, Arrival)
        return arrival

    def arrive(
        self, arrival: Arrival, result: ExternalIdentity | Rejection, *, browser: str = "browser-token"
    ) -> NextStep:
        with self.world.transactions.writing() as unit:
            return answers.arrive(unit, arrival, browser=browser, result=result)

    def edit(self, read: SettingsRead) -> None:
        """Give the connection other settings, which wait for a test."""
        with self.world.transactions.writing(OPERATOR) as unit:
            connections.to_edit(
                unit, self.organization.id, self.connection_id, name=None, settings=read, acting=None
            ).apply()

    def activate(self) -> object:
        with self.world.transactions.writing(OPERATOR) as unit:
            admin = members.read(unit, self.organization.id, self.organization.admin_id)
            planned = connections.to_activate(unit, self.organization.id, self.connection_id, acting=admin)
            return planned.apply(shown=planned.plan().hash)


#: What a protocol made of what an administrator typed; a kind knows its own.
SETTINGS = SettingsRead({"idp": {"entity_id": "https://idp.test", "certificates": []}})


def connected(world: World) -> SingleSignOn:
    """A verified domain and a connection that nobody has tested."""
    return connect(found_organization(world))


def connect(
    organization: Organization, host: str = HOST, *, protocol: str = "saml", read: SettingsRead = SETTINGS
) -> SingleSignOn:
    """A connection beside what the organization has already, with `host` verified where nothing is yet."""
    if not organization.verified_hosts():
        organization.verify_domain(host)
    with organization.world.transactions.writing(OPERATOR) as unit:
        admin = members.read(unit, organization.id, organization.admin_id)
        connection = connections.to_create(
            unit,
            organization.id,
            protocol=protocol,
            name="Provider",
            read=read,
            acting=connections.acting_of(admin),
        ).apply()
    assert not isinstance(connection, Refused)
    return SingleSignOn(organization, connection.id, protocol)


def required(world: World, *, protocol: str = "saml", read: SettingsRead = SETTINGS) -> SingleSignOn:
    """Single sign-on is required: tested by Ada, recovery codes stored, activated."""
    scene = connect(found_organization(world), protocol=protocol, read=read)
    scene.organization.store_recovery_codes()
    scene.come_back(identity_of(world, ADA), tester=True)
    outcome = scene.activate()
    assert not isinstance(outcome, Refused), outcome
    return scene
