"""The key pairs of an organization, with which it signs and decrypts at identity providers: made, sealed, opened."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from app.rules.connections import OwnKey
from app.rules.errors import ConflictError, NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import key_pairs
from app.store.key_pairs import KeyPairRow


def of(unit: UnitOfWork, organization_id: str) -> tuple[OwnKey, ...]:
    """The organization's pairs, unsealed, oldest first."""
    return tuple(
        OwnKey(
            certificate=row.certificate,
            private_key=unit.ports.sealing.unseal(row.sealed_private_key, place=_place(row.id)),
            signs=row.signs,
        )
        for row in key_pairs.all_of(unit.session, organization_id)
    )


def make_first(unit: UnitOfWork, organization_id: str) -> None:
    """A pair for an organization that has none."""
    unit.lock(organization_id)
    if not key_pairs.all_of(unit.session, organization_id):
        _make(unit, organization_id, signs=True)


# Replacing a pair takes three steps, so that nobody is shut out in between: a second pair, which decrypts and for which
# providers are to encrypt; then it signs; then the old one goes.


def add_second(unit: UnitOfWork, organization_id: str) -> KeyPairRow:
    """A pair to follow the one there is. Raises ConflictError, NotFoundError."""
    unit.lock(organization_id)
    there = key_pairs.all_of(unit.session, organization_id)
    if not there:
        raise NotFoundError("This organization has no connection yet; its first one brings a certificate.")
    if len(there) > 1:
        raise ConflictError("There are two certificates already; retire the old one first.")
    made = _make(unit, organization_id, signs=False)
    _record(unit, organization_id, EventType.KEY_PAIR_ADDED, made)
    return made


def sign_with_second(unit: UnitOfWork, organization_id: str) -> KeyPairRow:
    """The newer pair signs from now on; the old one still decrypts. Raises ConflictError."""
    old, new = _two(unit, organization_id)
    if old.signs:
        old.signs = False
        unit.session.flush()  # one at a time, says the database
        new.signs = True
        _record(unit, organization_id, EventType.KEY_PAIR_SIGNS, new)
    return new


def retire_first(unit: UnitOfWork, organization_id: str) -> KeyPairRow:
    """The older pair decrypts no more. Raises ConflictError, also while it signs."""
    old, new = _two(unit, organization_id)
    if old.signs:
        raise ConflictError("Requests are still signed with the old certificate; let the new one sign first.")
    unit.session.delete(old)
    unit.session.flush()
    _record(unit, organization_id, EventType.KEY_PAIR_RETIRED, old)
    return new


def _two(unit: UnitOfWork, organization_id: str) -> Sequence[KeyPairRow]:
    unit.lock(organization_id)
    there = key_pairs.all_of(unit.session, organization_id)
    if len(there) != 2:
        raise ConflictError("There is no second certificate; make one first.")
    return there


def _make(unit: UnitOfWork, organization_id: str, *, signs: bool) -> KeyPairRow:
    id_ = unit.id(Prefix.KEY_PAIR)
    made = unit.ports.key_pairs.make(name=urlsplit(unit.ports.base_url).hostname or "Doorward", now=unit.now)
    row = KeyPairRow(
        id=id_,
        organization_id=organization_id,
        certificate=made.certificate,
        sealed_private_key=unit.ports.sealing.seal(made.private_key, place=_place(id_)),
        signs=signs,
        created_at=unit.now,
        expires_at=made.expires_at,
    )
    unit.session.add(row)
    unit.session.flush()
    return row


def _record(unit: UnitOfWork, organization_id: str, type_: EventType, row: KeyPairRow) -> None:
    unit.audit(organization_id, type_, subject=row.id)
    unit.event(organization_id, type_, subject=row.id)


def make_missing(transactions: Transactions) -> None:
    """A pair for every organization whose connections are older than the pairs are."""
    with transactions.reading() as unit:
        missing = key_pairs.organizations_without(unit.session)
    for organization_id in missing:
        with transactions.writing() as unit:
            make_first(unit, organization_id)


def _place(pair_id: str) -> str:
    return f"key_pairs/{pair_id}"
