"""Connections to identity providers as JSON; what a protocol's own settings are is its kind's business."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from app.rules.connections import ConnectionKind, ConnectionState, SettingsRead
from app.rules.decisions import Code
from app.rules.errors import InvalidInputError
from app.rules.expiry import Expiring
from app.rules.ids import ConnectionId
from app.services import certificates, connection_settings, connections, expiry, following, organizations
from app.services.certificates import CertificateFacts
from app.services.connections import acting_of
from app.services.following import Following
from app.services.plans import Planned
from app.services.rows import Connection, Member
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.api import acting as on_behalf
from app.web.api.operations import CONFLICT, GUARDED, Outcome, operation
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.plans import settled
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery, Maybe, MemberId, Name, PatchBody

_PATH = "/organizations/{org}/connections"
_SET_UP = (Code.VERIFIED_DOMAIN_REQUIRED, Code.ACTING_ADMIN_REQUIRED, Code.OWN_DOMAIN_REQUIRED)
_ACTIVATES = (
    *_SET_UP,
    Code.CONNECTION_ACTIVE,
    Code.TEST_SIGN_IN_REQUIRED,
    Code.TEST_WOULD_NOT_BE_ADMIN,
    Code.RECOVERY_CODES_REQUIRED,
    *GUARDED,
)


class NewConnection(ChangeBody):
    """Beside these fields stand the settings of the protocol."""

    model_config = ConfigDict(extra="allow")
    protocol: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    name: Name


class ConnectionPatch(PatchBody):
    """A new name, new settings, or both. Settings are given whole: they make a new revision."""

    model_config = ConfigDict(extra="allow")
    name: Maybe[Name] = None


class ConnectionTest(ChangeBody):
    on_behalf_of: MemberId = Field(description="The administrator who will open the page and make the test sign-in.")


class PasteValue(Answer):
    key: str
    label: str
    value: str


class UntakenAnswer(Answer):
    """What the metadata says that nobody but a person takes over."""

    vanished: list[str] = Field(description="Fingerprints of the settings' own certificates that are gone from it.")
    sso_url: str | None = Field(description="The sign-on URL, where it is another one.")


class FollowingAnswer(Answer):
    """How the metadata is followed that the settings name."""

    url: str
    last_read_at: datetime | None = Field(description="When it was last read and good; what it said then counts.")
    next_read_at: datetime | None = Field(description="Null while the connection is not active: it is not followed.")
    failing_since: datetime | None
    failure: str | None = Field(description="Why it cannot be followed at present.")
    difference: UntakenAnswer | None = Field(description="Waits for `POST .../take-over`.")


class CertificateAnswer(Answer):
    """A certificate that sign-ins are verified with. Use is on record to the day."""

    fingerprint: str = Field(description="SHA-256.")
    not_after: datetime
    source: Literal["settings", "metadata"] = Field(description="`metadata`: it appeared there since, and is followed.")
    first_used_at: datetime | None
    last_used_at: datetime | None
    safe_to_drop: bool = Field(description="Not used for 14 days, in which a newer one was.")


class Expires(Answer):
    what: Expiring
    at: datetime = Field(description="When it ends; where several stand in for each other, the last of them.")
    count: int = Field(description="How many there are that stand in for each other.")
    ended: int = Field(description="How many of these have ended.")


class Warns(Answer):
    what: Expiring
    at: datetime
    sentence: str = Field(description="What ends and when.")
    meaning: str = Field(description="What follows from that.")
    fix: str = Field(description="What to do, in the words of the identity provider where it is a known one.")


class ConnectionAnswer(Answer):
    id: str
    protocol: str
    name: str
    state: ConnectionState
    created_at: datetime
    activated_at: datetime | None
    latest_revision: str = Field(
        description="The settings that an edit begins with; a test sign-in goes through this revision, and activating"
        " puts it in force."
    )
    revision_in_force: str | None = Field(description="What people sign in through; null while it is not active.")
    sp: list[PasteValue] = Field(description="What to paste at the identity provider.")
    idp: dict[str, JsonValue] = Field(description="The latest revision's settings, without secrets.")
    following: FollowingAnswer | None = Field(
        description="Of the revision in force, or of the latest while none is; null without a metadata URL."
    )
    certificates: list[CertificateAnswer] = Field(description="Of the same revision.")
    expires: list[Expires] = Field(
        description="What the revision in force (else the latest) relies on and that ends one day, the nearest first."
    )
    warnings: list[Warns] = Field(description="Of that, what ends within 90 days or has ended.")


class LatestProof(Answer):
    member_id: str
    proven_at: datetime
    would_be_admin: bool


class TestAnswer(Answer):
    url: str = Field(description="Where that administrator, signed in, finds the button for the test sign-in.")
    latest_proof: LatestProof | None = Field(description="Their latest sign-in through exactly the latest revision.")


@operation("POST", _PATH, body=NewConnection, answer=ConnectionAnswer, status=HTTPStatus.CREATED, codes=_SET_UP,
           plans=True)  # fmt: skip
def create_connection(org: str, body: NewConnection) -> Outcome:
    """Set a connection up. Metadata or discovery is fetched before the answer."""
    kind = _kind(body.protocol)
    _check_caller(org, body.on_behalf_of)
    settings = kind.read_settings(body.model_extra or {})
    with on_behalf.writing(org, body.on_behalf_of) as (unit, admin):
        planned = connections.to_create(
            unit, org, protocol=kind.protocol, name=body.name, read=settings, acting=acting_of(admin)
        )
        return settled(planned.then(partial(show_connection, unit)))


@operation("GET", _PATH, query=PageQuery, answer=Page[ConnectionAnswer])
def list_connections(org: str, query: PageQuery) -> Page[ConnectionAnswer]:
    """List the organization's connections, oldest first."""
    unit = current.unit()
    organizations.read(unit, org)
    return page_of_all(query, connections.all_of(unit, org), lambda row: show_connection(unit, row))


@operation("GET", _PATH + "/{conn}", answer=ConnectionAnswer)
def read_connection(org: str, conn: str) -> ConnectionAnswer:
    """Read one connection."""
    unit = current.unit()
    return show_connection(unit, connections.read(unit, org, conn))


@operation("PATCH", _PATH + "/{conn}", body=ConnectionPatch, answer=ConnectionAnswer,
           codes=(CONFLICT, *_SET_UP), plans=True)  # fmt: skip
def edit_connection(org: str, conn: str, body: ConnectionPatch) -> Outcome:
    """Rename a connection, or give it new settings.

    New settings make a new revision, which changes nobody's sign-in until it was tested and activated. They take the
    place of all the present ones, but for a `client_secret` that is left out: for the same issuer and `client_id` it is
    kept, with its day.
    """
    settings, based_on = _read_new_settings(org, conn, body)
    with on_behalf.writing(org, body.on_behalf_of) as (unit, admin):
        planned = connections.to_edit(
            unit, org, conn, name=body.name, settings=settings, acting=acting_of(admin), based_on=based_on
        )
        return settled(planned.then(partial(show_connection, unit)))


@operation("DELETE", _PATH + "/{conn}", query=ChangeQuery, codes=(Code.CONNECTION_ACTIVE,), plans=True)
def delete_connection(org: str, conn: str) -> Planned[None]:
    """Delete a connection that is not active."""
    return connections.to_delete(current.unit(), org, conn)


@operation("POST", _PATH + "/{conn}/activate", body=ChangeBody, answer=ConnectionAnswer,
           codes=(CONFLICT, *_ACTIVATES), plans=True)  # fmt: skip
def activate_connection(org: str, conn: str, acting: Member | None) -> Planned[ConnectionAnswer]:
    """Require single sign-on through the latest revision.

    While the connection is active, this puts the revision that waits in the place of the one in force; sessions stay.
    While another one is, this one takes its place in the same instant, and that one becomes inactive. Needs a test
    sign-in by the administrator named by `on_behalf_of`, confirmed recovery codes, and the hash of its dry run as
    If-Match.
    """
    unit = current.unit()
    return connections.to_activate(unit, org, conn, acting=acting).then(partial(show_connection, unit))


@operation("POST", _PATH + "/{conn}/deactivate", body=ChangeBody, answer=ConnectionAnswer,
           codes=(Code.CONNECTION_NOT_ACTIVE, *GUARDED), plans=True)  # fmt: skip
def deactivate_connection(org: str, conn: str) -> Planned[ConnectionAnswer]:
    """Turn single sign-on off: everyone falls back to emailed codes."""
    unit = current.unit()
    return connections.to_deactivate(unit, org, conn).then(partial(show_connection, unit))


@operation("POST", _PATH + "/{conn}/take-over", body=ChangeBody, answer=ConnectionAnswer,
           codes=(Code.NOTHING_TO_TAKE_OVER,), plans=True)  # fmt: skip
def take_over_metadata(org: str, conn: str) -> Planned[ConnectionAnswer]:
    """Make a revision of what the followed metadata says and the one in force does not.

    It waits for a test sign-in, as after an edit.
    """
    unit = current.unit()
    return following.to_take_over(unit, org, conn).then(partial(show_connection, unit))


@operation("POST", _PATH + "/{conn}/test", body=ConnectionTest, answer=TestAnswer)
def test_connection(org: str, conn: str, body: ConnectionTest) -> TestAnswer:
    """Say where an administrator makes the test sign-in, and how their latest one ended.

    A test sign-in is made by a person in a browser where they are signed in: open `url` there and press "Test sign-in".
    Then ask again; attempts that failed are in the sign-ins feed with the purpose `test`.
    """
    unit = current.unit()
    connection = connections.read(unit, org, conn)
    admin = on_behalf.find_admin(unit, org, body.on_behalf_of)
    proof = connections.latest_proof(unit, connection, admin)
    return TestAnswer(
        url=f"{unit.ports.base_url}/settings/authentication#{connection.id}",
        latest_proof=LatestProof.of(proof, member_id=admin.id) if proof else None,
    )


def show_connection(unit: UnitOfWork, connection: Connection) -> ConnectionAnswer:
    """A connection as JSON."""
    kind = _kind(connection.protocol)
    values = kind.service_provider_values(ConnectionId(connection.id))
    outlook = expiry.outlook(unit, connection, kind)
    return ConnectionAnswer.of(
        connection,
        sp=[PasteValue.of(value) for value in values],
        idp=kind.summary(connection_settings.settings_of(unit, connection)),
        following=_show_following(following.read(unit, connection)),
        certificates=[_show_certificate(facts) for facts in certificates.of(unit, connection)],
        expires=[Expires.of(deadline) for deadline in outlook.deadlines],
        warnings=[Warns.of(warning) for warning in outlook.warnings],
    )


def _show_following(facts: Following | None) -> FollowingAnswer | None:
    if facts is None:
        return None
    difference = None
    if facts.untaken is not None:
        vanished = [certificate.fingerprint for certificate in facts.untaken.vanished]
        difference = UntakenAnswer(vanished=vanished, sso_url=facts.untaken.sso_url)
    return FollowingAnswer.of(facts, last_read_at=facts.read_at, failure=facts.failure or None, difference=difference)


def _show_certificate(facts: CertificateFacts) -> CertificateAnswer:
    return CertificateAnswer(
        fingerprint=facts.certificate.fingerprint,
        not_after=datetime.fromisoformat(facts.certificate.not_after),
        source="metadata" if facts.is_followed else "settings",
        first_used_at=facts.use.first_at,
        last_used_at=facts.use.last_at,
        safe_to_drop=facts.may_be_dropped,
    )


def _kind(protocol: str) -> ConnectionKind:
    kinds = current.kinds()
    if protocol not in kinds:
        raise InvalidInputError(f"There is no such protocol; there are {', '.join(kinds)}.", field="protocol")
    return kinds[protocol]


def _check_caller(organization_id: str, member_id: str | None) -> None:
    """Before anything is fetched for a call that could not succeed."""
    with current.transactions().reading() as unit:
        organizations.read(unit, organization_id)
        if member_id is not None:
            on_behalf.find_admin(unit, organization_id, member_id)


def _read_new_settings(
    organization_id: str, connection_id: str, body: ConnectionPatch
) -> tuple[SettingsRead | None, str]:
    """The settings, if there are any, and the revision that they are to take the place of."""
    _check_caller(organization_id, body.on_behalf_of)
    with current.transactions().reading() as unit:
        connection = connections.read(unit, organization_id, connection_id)
        protocol, based_on = connection.protocol, connection.latest_revision
        stored = connection_settings.stored(unit, connection, based_on)
    submitted: dict[str, Any] = dict(body.model_extra or {})
    if submitted.pop("protocol", protocol) != protocol:
        raise InvalidInputError("The protocol of a connection stays what it is.", field="protocol")
    return (_kind(protocol).read_settings(submitted, stored=stored) if submitted else None), based_on


OPERATIONS = (
    create_connection,
    list_connections,
    read_connection,
    edit_connection,
    delete_connection,
    activate_connection,
    deactivate_connection,
    take_over_metadata,
    test_connection,
)
