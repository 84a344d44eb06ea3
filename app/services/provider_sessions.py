"""The session at an identity provider that a session of ours was opened with: sealed beside it, as long as it lives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from app.ports.sealing import SealBrokenError
from app.rules.identity import ProviderSession
from app.rules.logout import EndedThere
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import provider_sessions
from app.store.provider_sessions import ProviderSessionRow
from app.store.sign_ins import SignInSession


def keep(unit: UnitOfWork, session_id: str, connection_id: str, session: ProviderSession) -> None:
    """Remember what a session was opened with."""
    unit.session.add(
        ProviderSessionRow(
            session_id=session_id,
            connection_id=connection_id,
            subject=session.subject,
            index_digest=unit.ports.sealing.digest(session.index) if session.index is not None else None,
            sealed=seal(unit, session, place=_place(session_id)),
        )
    )


def of(unit: UnitOfWork, session_id: str) -> ProviderSession | None:
    """What a session was opened with, if that is known."""
    row = unit.session.get(ProviderSessionRow, session_id)
    return _open(unit, row) if row is not None else None


def forget(unit: UnitOfWork, session_id: str) -> None:
    """The session is over."""
    row = unit.session.get(ProviderSessionRow, session_id)
    if row is not None:
        unit.session.delete(row)


def ended(unit: UnitOfWork, connection_id: str, told: EndedThere) -> Sequence[SignInSession]:
    """Our living sessions of this connection that rest on those that have ended there. One whose seal does not open any
    more is taken to be among them.
    """
    digests = [unit.ports.sealing.digest(index) for index in sorted(told.indexes)]
    found = provider_sessions.named(
        unit.session, connection_id, subject=told.subject, index_digests=digests, now=unit.now
    )
    opened = [(session, _open(unit, row)) for session, row in found]
    return [session for session, kept in opened if kept is None or told.ends(kept)]


def forget_over(transactions: Transactions) -> None:
    """Delete what belongs to sessions and sign-outs that are over."""
    with transactions.writing() as unit:
        provider_sessions.forget(unit.session, now=unit.now)


def seal(unit: UnitOfWork, session: ProviderSession, *, place: str) -> str:
    """As it is kept."""
    return unit.ports.sealing.seal(json.dumps(asdict(session)), place=place)


def unseal(unit: UnitOfWork, sealed: str, *, place: str) -> ProviderSession | None:
    """From what `seal` made; None where its key is gone: nobody stays signed in for that."""
    try:
        return ProviderSession(**json.loads(unit.ports.sealing.unseal(sealed, place=place)))
    except SealBrokenError:
        return None


def _open(unit: UnitOfWork, row: ProviderSessionRow) -> ProviderSession | None:
    return unseal(unit, row.sealed, place=_place(row.session_id))


def _place(session_id: str) -> str:
    return f"provider_sessions/{session_id}"
