"""The key pairs of an organization, with which it signs and decrypts at identity providers: made, sealed, opened."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.rules.connections import OwnKey
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
    if key_pairs.all_of(unit.session, organization_id):
        return
    id_ = unit.id(Prefix.KEY_PAIR)
    made = unit.ports.key_pairs.make(name=urlsplit(unit.ports.base_url).hostname or "Doorward", now=unit.now)
    unit.session.add(
        KeyPairRow(
            id=id_,
            organization_id=organization_id,
            certificate=made.certificate,
            sealed_private_key=unit.ports.sealing.seal(made.private_key, place=_place(id_)),
            signs=True,
            created_at=unit.now,
            expires_at=made.expires_at,
        )
    )
    unit.session.flush()


def make_missing(transactions: Transactions) -> None:
    """A pair for every organization whose connections are older than the pairs are."""
    with transactions.reading() as unit:
        missing = key_pairs.organizations_without(unit.session)
    for organization_id in missing:
        with transactions.writing() as unit:
            make_first(unit, organization_id)


def _place(pair_id: str) -> str:
    return f"key_pairs/{pair_id}"
