"""When which revision was in force: one at a time, the present one open, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.store import organizations, revisions, schema
from app.store.connections import Connection, ConnectionRevision

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An organization without connections."""
    schema.upgrade(engine)
    with Session(engine.execution_options(doorward_writes=True)) as session:
        session.add(
            organizations.Organization(
                id="org", name="Acme", guests="refuse", jit=True, default_role="member", created_at=NOW
            )
        )
        session.flush()
        yield session


def add_connection(session: Session, name: str) -> Connection:
    """A connection with two revisions, none in force."""
    connection = Connection(
        id=name,
        organization_id="org",
        protocol="saml",
        name=name,
        state="validating",
        created_at=NOW,
        latest_revision=f"{name}_2",
    )
    session.add(connection)
    session.flush()
    for number in (1, 2):
        assert revisions.next_number(session, name) == number
        session.add(
            ConnectionRevision(
                id=f"{name}_{number}",
                connection_id=name,
                settings={},
                sealed_secrets="",
                created_at=NOW,
                number=number,
            )
        )
        session.flush()
    return connection


def test_one_revision_of_a_connection_is_in_force_at_a_time(session: Session) -> None:
    okta, entra = add_connection(session, "okta"), add_connection(session, "entra")
    revisions.begin_term(session, entra, "entra_1", by="Ada", proof={}, now=NOW)
    revisions.begin_term(session, okta, "okta_1", by="Ada", proof={"email": "ada@acme.test"}, now=NOW)

    revisions.begin_term(session, okta, "okta_2", by="Grace", proof={}, now=LATER)

    session.expire_all()
    first, second = revisions.terms(session, "okta")
    assert (first.revision_id, first.since, first.until, first.proof) == (
        "okta_1",
        NOW,
        LATER,
        {"email": "ada@acme.test"},
    )
    assert (second.revision_id, second.since, second.until, second.begun_by) == ("okta_2", LATER, None, "Grace")
    assert okta.revision_in_force == "okta_2"
    assert [term.until for term in revisions.terms(session, "entra")] == [None]


def test_connection_that_is_turned_off_has_no_revision_in_force_and_keeps_its_history(session: Session) -> None:
    okta = add_connection(session, "okta")
    revisions.begin_term(session, okta, "okta_1", by="Ada", proof={}, now=NOW)

    revisions.end_term(session, okta, now=LATER)
    session.flush()

    session.expire_all()
    assert okta.revision_in_force is None
    assert [term.until for term in revisions.terms(session, "okta")] == [LATER]
    revisions.begin_term(session, okta, "okta_1", by="Ada", proof={}, now=LATER)
    assert [term.place for term in revisions.terms(session, "okta")] == [1, 2]


def test_history_goes_with_its_connection(session: Session) -> None:
    okta = add_connection(session, "okta")
    revisions.begin_term(session, okta, "okta_1", by="Ada", proof={}, now=NOW)
    session.flush()

    session.delete(okta)
    session.flush()

    assert revisions.terms(session, "okta") == []
    assert revisions.of_connection(session, "okta") == []
