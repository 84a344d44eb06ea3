"""Whatever is sealed with an older secret key, sealed anew with the first one; and what still needs which key.

The server may run meanwhile, with the same keys: each value is read again under a lock of its row before it is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.ports.sealing import SealBrokenError, Sealing
from app.services import audit_chain
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import sealed
from app.store.sealed import SEALED, Codes, SealedColumn, SealedValue

#: Short transactions: no push waits for more values than these to be sealed.
_AT_ONCE = 100
#: What chains of the audit log are called among the tables.
AUDIT_ENDS = "audit_heads"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many values need one key, by their table. `number` counts from 1 as the keys are configured; None for a key
    that is not.
    """

    number: int | None
    key_id: str
    values: Counter[str]


@dataclass(frozen=True, slots=True)
class Uses:
    """What needs which key: every configured key in its order, then those that are gone.

    `broken` are places whose value does not open though its key is there; they are counted nowhere.
    """

    keys: Sequence[KeyUse]
    broken: Sequence[str]
    recovery_codes: Codes
    backup_codes: Codes

    @property
    def older_needed(self) -> bool:
        return any(use.values for use in self.keys[1:] if use.number)

    @property
    def lost(self) -> bool:
        return any(use.values for use in self.keys if not use.number)

    @property
    def all_open_with_first(self) -> bool:
        return not (self.older_needed or self.lost or self.broken)


def uses(transactions: Transactions) -> Uses:
    """Open everything that is sealed, and count."""
    sealing = transactions.ports.sealing
    values: dict[str, Counter[str]] = {key_id: Counter() for key_id in sealing.key_ids}
    broken: list[str] = []
    with transactions.snapshot() as unit:
        for column in SEALED:
            after = ""
            while page := sealed.page(unit.session, column, after=after, limit=_AT_ONCE):
                for value in page:
                    if _is_broken(sealing, column, value):
                        broken.append(column.place(value.row_id))
                    else:
                        values.setdefault(sealing.key_of(value.text), Counter())[column.table] += 1
                after = page[-1].row_id
        for key_id, many in sealed.audit_ends(unit.session).items():
            values.setdefault(key_id, Counter())[AUDIT_ENDS] += many
        recovery_codes, backup_codes = sealed.unused_codes(unit.session)
    numbers = {key_id: number for number, key_id in enumerate(sealing.key_ids, start=1)}
    keys = [KeyUse(numbers.get(key_id), key_id, counted) for key_id, counted in values.items()]
    return Uses(keys, broken, recovery_codes, backup_codes)


def reseal(transactions: Transactions) -> int:
    """Seal everything with the first key that another one has sealed; how many values it were.

    Left as they are: what does not open, and rows that somebody is changing at that moment.
    """
    audit_chain.seal_all(transactions)  # ends of chains follow the first key
    return sum(_reseal_column(transactions, column) for column in SEALED)


def _reseal_column(transactions: Transactions, column: SealedColumn) -> int:
    first, done, after = transactions.ports.sealing.key_ids[0], 0, ""
    while True:
        with transactions.reading() as unit:
            page = sealed.page(unit.session, column, after=after, limit=_AT_ONCE)
        if not page:
            return done
        after = page[-1].row_id
        older = [value.row_id for value in page if transactions.ports.sealing.key_of(value.text) != first]
        if older:
            with transactions.writing() as unit:
                done += sum(_reseal(unit, column, value) for value in sealed.lock_free(unit.session, column, older))


def _reseal(unit: UnitOfWork, column: SealedColumn, value: SealedValue) -> bool:
    sealing, place = unit.ports.sealing, column.place(value.row_id)
    if sealing.key_of(value.text) == sealing.key_ids[0]:
        return False
    try:
        text = sealing.unseal(value.text, place=place)
    except SealBrokenError:
        return False
    sealed.replace(unit.session, column, value.row_id, sealing.seal(text, place=place))
    return True


def _is_broken(sealing: Sealing, column: SealedColumn, value: SealedValue) -> bool:
    """Whether a value does not open though its key is there."""
    try:
        sealing.unseal(value.text, place=column.place(value.row_id))
    except SealBrokenError:
        return sealing.key_of(value.text) in {"", *sealing.key_ids}
    return False
