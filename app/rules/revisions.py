"""Revisions of a connection: which is in force, which waits, which can be taken back, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.rules.decisions import Allowed, Code, Decision, Refused


class RevisionState(StrEnum):
    """`previous` is the one that was in force before the present one, `earlier` any other that was replaced."""

    IN_FORCE = "in_force"
    WAITING = "waiting"
    PREVIOUS = "previous"
    EARLIER = "earlier"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class History:
    """Where a connection stands with its revisions, by id: the latest one, which a test goes through and an edit begins
    with; the one in force, None while the connection is not active; and those that were in force, earliest first, the
    present one last.
    """

    latest: str
    in_force: str | None
    terms: tuple[str, ...]

    @property
    def waiting(self) -> str | None:
        """The revision that activation would put in force, if that is another one than now."""
        return None if self.latest == self.in_force else self.latest

    @property
    def previous(self) -> str | None:
        """The revision that was in force before the present one; None while there is nothing to go back from."""
        if self.in_force is None:
            return None
        return next((revision for revision in reversed(self.terms) if revision != self.in_force), None)

    def state_of(self, revision: str, *, discarded: bool) -> RevisionState:
        """How one of the revisions stands."""
        if discarded:
            return RevisionState.DISCARDED
        if revision == self.in_force:
            return RevisionState.IN_FORCE
        if revision == self.latest:
            return RevisionState.WAITING
        return RevisionState.PREVIOUS if revision == self.previous else RevisionState.EARLIER

    def latest_after_going_back(self, revision: str) -> str:
        """What an edit begins with then: what waits goes on waiting, and nothing waits that has just been left."""
        return self.waiting or revision


def go_back(revision: str, history: History) -> Decision:
    """Whether this revision may be put in force again without a test: it was, right before the present one, so that its
    proofs are there. Whether anybody is left who can administer is for the guard to say.
    """
    if history.in_force is None:
        return Refused(Code.CONNECTION_NOT_ACTIVE, "This connection is not active.")
    if revision == history.in_force:
        return Refused(Code.REVISION_IN_FORCE, "These settings are in force already.")
    if revision != history.previous:
        return Refused(
            Code.REVISION_NOT_PREVIOUS,
            "Only the settings that were in force before the present ones can be taken back without a test.",
            fix="Edit the connection to have these settings again, then test them.",
        )
    return Allowed()


def discard(revision: str, history: History) -> Decision:
    """Whether this revision may be dropped: only one that waits beside another one that is in force."""
    if revision == history.in_force:
        return Refused(Code.REVISION_IN_FORCE, "These settings are in force.", fix="Go back to the previous ones.")
    if history.in_force is None or revision != history.waiting:
        return Refused(
            Code.REVISION_NOT_WAITING,
            "These settings do not wait to replace others.",
            fix="Edit the connection, or delete it.",
        )
    return Allowed()


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not the same in two revisions, by its dotted name. Each side is none, one or several values;
    both are empty for a secret, of which nothing is told but that it is another one.
    """

    name: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def compare(before: Mapping[str, Any], after: Mapping[str, Any], *, secrets: frozenset[str]) -> tuple[Difference, ...]:
    """What is different from one summary of settings to the other; `secrets` are the names of those that changed."""
    was, becomes = dict(_spelled(before)), dict(_spelled(after))
    names = [name for name in {**was, **becomes} if was.get(name, ()) != becomes.get(name, ())]
    found = (Difference(name, was.get(name, ()), becomes.get(name, ())) for name in names)
    return (*found, *map(Difference, sorted(secrets)))


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested JSON as dotted names and texts; lists of plain values become one text with spaces."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}.")
        elif _has_parts(value):
            for number, entry in enumerate(value, 1):
                yield from flatten(entry, f"{name}.{number}.")
        elif value not in (None, "", []):
            yield name, _as_text(value)


def _spelled(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """As `flatten`, but lists stay lists, in an order of their own: a certificate more does not rename the others."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _spelled(value, f"{name}.")
        elif _has_parts(value):
            yield name, tuple(sorted(_in_words(entry) for entry in value))
        elif isinstance(value, list):
            yield name, tuple(map(str, value))
        elif value not in (None, ""):
            yield name, (_as_text(value),)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"  # as a check box sends it
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _in_words(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ').replace('.', ' ')} {text}" for name, text in flatten(entry))


def _has_parts(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value)
