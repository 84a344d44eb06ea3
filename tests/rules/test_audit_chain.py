"""The chain of the audit log: whatever is done to it is found, and what was done by us is not."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.audit import AuditRecord
from app.rules.audit_chain import (
    Fault,
    Finding,
    Genuine,
    Head,
    Link,
    Seal,
    beginning,
    canonical,
    end_text,
    examine,
    follow,
    left_waiting,
)
from app.rules.ids import Prefix, first_id, made_at

ORGANIZATION = "org_1"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Keys:
    """Keys by their id; the first seals."""

    known: tuple[str, ...] = ("new",)

    def attest(self, text: str) -> Seal:
        return Seal(self.known[0], hmac.digest(self.known[0].encode(), text.encode(), hashlib.sha256).hex())

    def attested(self, text: str, seal: Seal) -> Genuine:
        if seal.key_id not in self.known:
            return Genuine.UNKNOWN_KEY
        return Genuine.YES if Keys((seal.key_id,)).attest(text) == seal else Genuine.NO


@dataclass(frozen=True)
class Chain:
    links: tuple[Link, ...]
    head: Head | None

    def findings(self, keys: Keys = Keys()) -> list[Finding]:
        return list(examine(ORGANIZATION, self.links, self.head, keys.attested))

    def faults(self, keys: Keys = Keys()) -> list[tuple[Fault, int | None]]:
        return [(finding.fault, finding.position) for finding in self.findings(keys)]


def record(number: int, **changes: Any) -> AuditRecord:
    values: dict[str, Any] = {
        "id": f"aud_{number}",
        "organization_id": ORGANIZATION,
        "at": NOON + timedelta(seconds=number),
        "actor_kind": "member",
        "actor_id": "mem_1",
        "actor_label": "ada@acme.test",
        "action": "member.role_granted",
        "outcome": "done",
        "subject": "mem_2",
        "before": {"role": "member"},
        "after": {"role": "admin"},
        "reason": None,
        "proof": {},
        "network_address": "192.0.2.7" if number % 2 else None,
    }
    return AuditRecord(**values | changes)


def chain(length: int, *, keys: Callable[[int], Keys] = lambda _: Keys()) -> Chain:
    """A chain as it grows, each position sealed with the keys of its time."""
    digest, links = beginning(ORGANIZATION), []
    for position in range(1, length + 1):
        entry = record(position)
        previous, digest = digest, follow(digest, canonical(entry))
        links.append(Link(position, entry.id, previous, keys(position).attest(digest), entry))
    seal = keys(length).attest(end_text(ORGANIZATION, length, digest))
    return Chain(tuple(links), Head(length, digest, seal))


def renumbered(links: Sequence[Link]) -> tuple[Link, ...]:
    return tuple(replace(link, position=position) for position, link in enumerate(links, start=1))


lengths = st.integers(1, 8)


@given(st.integers(0, 20))
def test_untouched_chain_is_well(length: int) -> None:
    assert chain(length).findings() == []


def test_nothing_sealed_yet_is_well() -> None:
    assert Chain((), None).findings() == []


@pytest.mark.parametrize(("number", "words"), [(1, "1 entry has waited"), (2, "2 entries have waited")])
def test_entries_left_waiting_are_counted(number: int, words: str) -> None:
    assert left_waiting(number).sentence.startswith(words)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_time_of_an_id_is_known_to_the_millisecond(at: datetime) -> None:
    first = first_id(Prefix.AUDIT, at)

    assert timedelta(0) <= at - made_at(first) <= timedelta(milliseconds=1)
    assert first_id(Prefix.AUDIT, at + timedelta(milliseconds=2)) > first


def test_entry_reads_the_same_in_any_time_zone_and_order_of_names() -> None:
    elsewhere = record(1, after={"b": 1, "a": 2}, at=(NOON + timedelta(seconds=1)).astimezone())

    assert canonical(elsewhere) == canonical(record(1, after={"a": 2, "b": 1}))


def test_position_is_no_part_of_the_entry() -> None:
    assert canonical(replace(record(1), position=7)) == canonical(record(1))


#: As an entry was sealed before addresses were kept.
BEFORE_ADDRESSES = (
    '{"action":"member.role_granted","actor_id":"mem_1","actor_kind":"member","actor_label":"ada@acme.test",'
    '"after":{"role":"admin"},"at":"2026-11-23T12:00:01.000000+00:00","before":{"role":"member"},"id":"aud_1",'
    '"organization_id":"org_1","outcome":"done","proof":{},"reason":null,"subject":"mem_2"}'
)


def test_entry_without_an_address_reads_as_it_was_sealed_before_there_were_any() -> None:
    assert canonical(record(1, network_address=None)) == BEFORE_ADDRESSES
    assert json.loads(canonical(record(1))) == json.loads(BEFORE_ADDRESSES) | {"network_address": "192.0.2.7"}


@pytest.mark.parametrize(("position", "address"), [(1, None), (1, ""), (2, ""), (2, "192.0.2.7")])
def test_address_that_was_taken_away_or_put_there_is_found(position: int, address: str | None) -> None:
    made = chain(3)
    links = list(made.links)
    entry = links[position - 1].entry
    assert entry is not None
    links[position - 1] = replace(links[position - 1], entry=replace(entry, network_address=address))

    assert Chain(tuple(links), made.head).faults() == [(Fault.ALTERED, position)]


ALTERATIONS: dict[str, Any] = {
    "id": "aud_x",
    "organization_id": "org_2",
    "at": NOON,
    "actor_kind": "operator",
    "actor_id": None,
    "actor_label": "eve@acme.test",
    "action": "member.removed",
    "outcome": "refused",
    "subject": None,
    "before": {},
    "after": {"role": "admin", "also": 1},
    "reason": "",
    "proof": {"email": "eve@acme.test"},
    "network_address": "198.51.100.9",
}


@given(lengths, st.data(), st.sampled_from(sorted(ALTERATIONS)))
def test_any_altered_field_is_found_at_its_position(length: int, data: st.DataObject, name: str) -> None:
    made = chain(length)
    at = data.draw(st.integers(0, length - 1))
    links = list(made.links)
    entry = links[at].entry
    assert entry is not None
    links[at] = replace(links[at], entry=replace(entry, **{name: ALTERATIONS[name]}))

    assert Chain(tuple(links), made.head).faults() == [(Fault.ALTERED, at + 1)]


@given(lengths, st.data())
def test_any_removed_entry_is_found_by_its_seal(length: int, data: st.DataObject) -> None:
    made = chain(length)
    at = data.draw(st.integers(0, length - 1))
    links = list(made.links)
    links[at] = replace(links[at], entry=None)

    (finding,) = Chain(tuple(links), made.head).findings()

    assert (finding.fault, finding.position, finding.entry_id) == (Fault.REMOVED, at + 1, f"aud_{at + 1}")
    assert finding.sentence == f"Entry aud_{at + 1} at position {at + 1} was removed; its seal is still there."


def test_entry_that_cannot_be_read_was_altered() -> None:
    made = chain(2)
    links = (replace(made.links[0], entry=None, is_readable=False), made.links[1])

    assert Chain(links, made.head).faults() == [(Fault.ALTERED, 1)]


@given(st.integers(2, 8), st.data())
def test_any_removed_position_is_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    at = data.draw(st.integers(0, length - 2))
    links = made.links[:at] + made.links[at + 1 :]

    assert Chain(links, made.head).faults() == [(Fault.REMOVED, at + 1)]


@given(st.integers(2, 8), st.data())
def test_removal_that_closes_the_gap_is_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    at = data.draw(st.integers(0, length - 2))
    links = renumbered(made.links[:at] + made.links[at + 1 :])

    assert Chain(links, made.head).faults() == [(Fault.OUT_OF_ORDER, at + 1), (Fault.TRUNCATED, length)]


@given(st.integers(2, 8), st.data())
def test_any_two_exchanged_positions_are_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    one = data.draw(st.integers(0, length - 2))
    other = data.draw(st.integers(one + 1, length - 1))
    links = list(made.links)
    links[one], links[other] = links[other], links[one]

    faults = Chain(renumbered(links), made.head).faults()

    assert {(Fault.OUT_OF_ORDER, one + 1), (Fault.OUT_OF_ORDER, other + 1)} <= set(faults)


@given(st.integers(2, 8), st.data())
def test_any_two_exchanged_entries_are_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    one = data.draw(st.integers(0, length - 2))
    other = data.draw(st.integers(one + 1, length - 1))
    links = list(made.links)
    links[one] = replace(links[one], entry=made.links[other].entry)
    links[other] = replace(links[other], entry=made.links[one].entry)

    assert Chain(tuple(links), made.head).faults() == [(Fault.ALTERED, one + 1), (Fault.ALTERED, other + 1)]


@given(lengths, st.data())
def test_any_inserted_position_is_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    at = data.draw(st.integers(0, length))
    entry = record(99)
    previous = made.links[at].previous if at < length else made.links[-1].previous
    forged = Link(0, entry.id, previous, Seal("new", "0" * 64), entry)
    links = renumbered((*made.links[:at], forged, *made.links[at:]))

    assert (Fault.INSERTED, at + 1) in Chain(links, made.head).faults()


@given(lengths, st.data())
def test_any_cut_is_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    left = data.draw(st.integers(0, length - 1))

    assert Chain(made.links[:left], made.head).faults() == [(Fault.TRUNCATED, left + 1)]


@given(lengths, st.data())
def test_cut_that_moves_the_recorded_end_is_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    assert made.head is not None
    left = data.draw(st.integers(0, length - 1))
    moved = replace(made.head, position=left, digest=made.links[left].previous)

    assert Chain(made.links[:left], moved).faults() == [(Fault.END, None)]


@pytest.mark.parametrize("change", [{"position": 3}, {"digest": "0" * 64}, {"seal": Seal("new", "0" * 64)}])
def test_altered_end_is_found(change: dict[str, Any]) -> None:
    made = chain(2)
    assert made.head is not None

    assert (Fault.END, None) in Chain(made.links, replace(made.head, **change)).faults()


def test_missing_end_is_found() -> None:
    assert Chain(chain(2).links, None).faults() == [(Fault.END, None)]


def test_end_of_an_earlier_day_leaves_positions_beyond_it() -> None:
    assert Chain(chain(3).links, chain(1).head).faults() == [(Fault.INSERTED, 2)]


def test_genuine_end_of_another_chain_is_found() -> None:
    made = chain(2)
    digest = follow(beginning(ORGANIZATION), canonical(record(7)))
    other = Head(2, digest, Keys().attest(end_text(ORGANIZATION, 2, digest)))

    assert (Fault.END, None) in Chain(made.links, other).faults()


@given(lengths, st.data())
def test_altered_seal_or_predecessor_is_found(length: int, data: st.DataObject) -> None:
    made = chain(length)
    at = data.draw(st.integers(0, length - 1))
    links = list(made.links)
    for change in ({"seal": Seal("new", "f" * 64)}, {"previous": "f" * 64}):
        links[at] = replace(made.links[at], **change)
        assert at + 1 in {position for _, position in Chain(tuple(links), made.head).faults()}


def test_several_alterations_are_each_found() -> None:
    made = chain(6)
    links = list(made.links)
    for at in (1, 4):
        links[at] = replace(links[at], entry=record(at + 1, outcome="refused"))
    del links[2]

    assert Chain(tuple(links), made.head).faults() == [
        (Fault.INSERTED, 2),
        (Fault.REMOVED, 3),
        (Fault.ALTERED, 5),
    ]


def rotated(position: int) -> Keys:
    """The old key seals the first three positions, the new one the others."""
    return Keys(("old",)) if position <= 3 else Keys(("new", "old"))


def test_keys_may_be_added_and_taken_away() -> None:
    made = chain(5, keys=rotated)

    assert made.findings(Keys(("new", "old"))) == []
    assert made.findings(Keys(("new",))) == []


@pytest.mark.parametrize("at", [0, 1, 2])
def test_alteration_under_a_key_that_is_gone_is_found(at: int) -> None:
    made = chain(5, keys=rotated)
    links = list(made.links)
    links[at] = replace(links[at], entry=record(at + 1, outcome="refused"))

    assert Chain(tuple(links), made.head).faults(Keys(("new",))) == [(Fault.ALTERED, at + 1)]


def test_rewriting_all_that_an_old_key_sealed_is_found() -> None:
    made, other = chain(5, keys=rotated), beginning(ORGANIZATION)
    links = list(made.links)
    for at in range(3):
        entry = record(at + 1, outcome="refused")
        links[at] = replace(links[at], entry=entry, previous=other)
        other = follow(other, canonical(entry))

    assert Chain(tuple(links), made.head).faults(Keys(("new",))) == [(Fault.ALTERED, 3)]


def test_nothing_vouches_for_a_chain_of_a_key_that_is_gone() -> None:
    made = chain(3, keys=rotated)
    assert made.head is not None

    assert made.faults(Keys(("new",))) == [(Fault.UNKNOWN_KEY, 3)]
    assert Chain((), replace(made.head, position=0)).faults(Keys(("new",))) == [(Fault.UNKNOWN_KEY, None)]


def test_new_seal_of_the_end_vouches_for_a_chain_of_a_key_that_is_gone() -> None:
    made, keys = chain(3, keys=rotated), Keys(("new",))
    assert made.head is not None
    sealed = replace(made.head, seal=keys.attest(end_text(ORGANIZATION, 3, made.head.digest)))

    assert Chain(made.links, sealed).findings(keys) == []
