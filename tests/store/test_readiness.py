"""Counting people by their traits: every kind there can be is told apart as the rule numbers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.rules.readiness import Traits, every_trait, number_of
from app.store import directories, invitations, members, mirror_tables, organizations, readiness, schema
from app.store.connections import Connection, ConnectionRevision, Proof
from app.store.readiness import Asked

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ISSUER = "https://idp.test"
ASKED = Asked("org", "conn", "rev_2", ("acme.test", "acme.example"), "dir", NOW)
_MEMBERS = [traits for traits in every_trait() if traits.is_member]


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An organization with a connection of two revisions, a directory, and one member of each kind there can be."""
    schema.upgrade(engine)
    with Session(engine.execution_options(doorward_writes=True)) as session:
        session.add(
            organizations.Organization(
                id="org", name="Acme", guests="refuse", jit=True, default_role="member", created_at=NOW
            )
        )
        session.flush()
        session.add_all(
            (
                Connection(
                    id="conn",
                    organization_id="org",
                    protocol="saml",
                    name="Okta",
                    state="active",
                    created_at=NOW,
                    revision_in_force="rev_1",
                    latest_revision="rev_2",
                ),
                directories.Directory(
                    id="dir",
                    organization_id="org",
                    key="k",
                    name="Okta",
                    provider="okta",
                    state="active",
                    created_at=NOW,
                ),
            )
        )
        session.flush()
        for number in (1, 2):
            session.add(
                ConnectionRevision(
                    id=f"rev_{number}",
                    connection_id="conn",
                    settings={},
                    sealed_secrets="",
                    created_at=NOW,
                    number=number,
                )
            )
        session.flush()
        for number, traits in enumerate(_MEMBERS):
            _add_member(session, f"mem_{number:02}", traits)
        yield session


def test_every_kind_of_member_is_counted_by_itself(session: Session) -> None:
    expected: Counter[int] = Counter()
    for traits in _MEMBERS:  # whoever has proven these settings was seen at their issuer by that
        expected[number_of(replace(traits, seen=traits.seen or traits.proven))] += 1

    assert readiness.counts(session, ASKED) == expected


def test_member_proven_at_another_issuer_was_not_seen(session: Session) -> None:
    for proof in session.query(Proof).where(Proof.revision_id == "rev_1"):
        proof.issuer = "https://other.test"

    counted = readiness.counts(session, ASKED)

    seen_only = number_of(Traits(is_member=True, at_verified_host=True, proven=False, seen=True, listed=False))
    assert seen_only not in counted


def test_without_a_directory_nobody_is_listed_and_without_hosts_everybody_is_a_guest(session: Session) -> None:
    alone = readiness.counts(session, replace(ASKED, directory_id=None, hosts=()))

    bits = {traits & (number_of(Traits(False, True, False, False, True))) for traits in alone}
    assert bits == {0}
    assert sum(alone.values()) == len(_MEMBERS)


def test_who_is_deactivated_suspended_removed_or_was_invited_before_joining_counts_once_or_not(
    session: Session,
) -> None:
    first, second, third, fourth = readiness.page(session, ASKED, traits=range(32), text="", after="", limit=4)
    for person, changes in (
        (first, {"state": "deactivated"}),
        (second, {"suspended": True}),
        (third, {"removed_at": NOW}),
    ):
        for name, value in changes.items():
            setattr(session.get(members.Member, person.id), name, value)
    _invite(session, "inv_1", fourth.email)
    _invite(session, "inv_2", "new@acme.test")
    _invite(session, "inv_3", "late@acme.test", expires_at=NOW)
    _invite(session, "inv_4", "closed@acme.test", closed_at=NOW, closed_as="revoked")
    session.flush()

    found = readiness.page(session, ASKED, traits=range(32), text="", after="", limit=99)

    assert [person.id for person in found[:1]] == ["inv_2"]
    assert [person.id for person in found[1:]] == [f"mem_{number:02}" for number in range(3, len(_MEMBERS))]
    assert found[0].traits == number_of(Traits(False, True, False, False, False))


def test_page_goes_on_after_an_id_and_takes_percent_signs_as_they_are(session: Session) -> None:
    everybody = readiness.page(session, ASKED, traits=range(32), text="", after="", limit=99)
    rest = readiness.page(session, ASKED, traits=range(32), text="", after=everybody[9].id, limit=3)

    assert [person.id for person in rest] == [person.id for person in everybody[10:13]]
    assert readiness.page(session, ASKED, traits=range(32), text="%", after="", limit=9) == []
    assert [one.id for one in readiness.page(session, ASKED, traits=range(32), text="PERSON 3", after="", limit=9)] == [
        "mem_03"
    ]


def _add_member(session: Session, member_id: str, traits: Traits) -> None:
    host = "acme.example" if traits.at_verified_host else "not-acme.test"
    session.add(
        members.Member(
            id=member_id,
            organization_id="org",
            email=f"{member_id}@{host}",
            name=f"Person {int(member_id[4:])}",
            state="active",
            role="member",
            role_source="default",
            created_at=NOW,
        )
    )
    session.flush()
    for has, revision in ((traits.proven, "rev_2"), (traits.seen, "rev_1")):
        if has:
            session.add(
                Proof(
                    revision_id=revision,
                    member_id=member_id,
                    proven_at=NOW,
                    would_be_admin=False,
                    issuer=ISSUER,
                    subject=member_id,
                )
            )
    # Whoever is not listed has left the directory, or is inactive there.
    left = not traits.listed and int(member_id[4:]) % 2 == 0
    session.add(
        mirror_tables.DirectoryUser(
            id=f"user_{member_id}",
            directory_id="dir",
            user_name_key=member_id,
            active=traits.listed or left,
            name="",
            document="{}",
            version=1,
            created_at=NOW,
            modified_at=NOW,
            deleted_at=NOW if left else None,
            member_id=member_id,
        )
    )
    session.flush()


def _invite(session: Session, invitation_id: str, email: str, **changes: object) -> None:
    values = {"expires_at": NOW + timedelta(days=1), **changes}
    session.add(
        invitations.Invitation(
            id=invitation_id,
            organization_id="org",
            email=email,
            role="member",
            digest=invitation_id,
            inviter_kind="operator",
            inviter_label="",
            created_at=NOW,
            sent_at=NOW,
            **values,
        )
    )
