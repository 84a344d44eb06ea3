"""One transaction per request: its session, actor and time; audit and event rows go in with the change they tell of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.ports.bundle import Ports
from app.rules.actor import SYSTEM, Actor
from app.rules.decisions import Refused
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.store import events, organizations, people
from app.store.database import Database
from app.store.organizations import Organization
from app.store.pipeline import CommittedError

log = logging.getLogger("doorward.changes")
#: One and the same wherever an entry has nothing to say, so that it is put into words once.
_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from, as far as proxies are trusted to say, and what its browser calls itself."""

    address: str = ""
    user_agent: str = ""


@dataclass
class UnitOfWork:
    """What a use case works with. Nobody commits but `writing`, which does so after the use case and before the
    answer.
    """

    connection: Connection
    ports: Ports
    actor: Actor
    #: Asked once, right after the first lock: whether whoever acts still may. Raises where not.
    recheck: Callable[[UnitOfWork], None] | None = None
    #: Whose request this is for; empty where it is nobody's.
    visitor: Visitor = Visitor()
    #: False in a unit that only plans: it works from one moment and locks nobody out.
    may_write: bool = True
    now: datetime = field(init=False)
    _session: Session | None = field(default=None, init=False)
    _locked: set[str] = field(default_factory=set, init=False)
    _audited: list[dict[str, Any]] = field(default_factory=list, init=False)
    _told: list[dict[str, Any]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.now = self.ports.clock.now()

    @property
    def session(self) -> Session:
        """The same transaction for mapped objects; made on first use, because a push does without."""
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False, join_transaction_mode="control_fully")
        return self._session

    def commit(self) -> None:
        """Write what is pending, the news last, and make all of it last."""
        self.flush()
        events.write(self.connection, audited=self._audited, told=self._told)
        with suppress(CommittedError):
            if self._session is not None:
                self._session.commit()
            self.connection.commit()

    def rollback(self) -> None:
        """Undo whatever was begun; the unit may go on, with a transaction of its own."""
        if self._session is not None:
            self._session.rollback()
        self.connection.rollback()
        self._audited.clear()
        self._told.clear()
        self._locked.clear()

    def close(self) -> None:
        """Let go of the mapped objects."""
        if self._session is not None:
            self._session.close()

    def flush(self) -> None:
        """Write what mapped objects have pending, so that plain statements see it."""
        if self._session is not None:
            self._session.flush()

    def keep_in_step(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Members were written by plain statements: whoever holds the mapped ones sees it too."""
        if self._session is not None:
            people.tell(self._session, changes)

    def id(self, prefix: Prefix) -> str:
        """A fresh identifier."""
        return self.ports.randomness.id(prefix)

    def lock(self, organization_id: str) -> Organization:
        """The organization, locked: from here on nobody else changes what its administrators depend on.

        What was read before the wait may be out of date; it is read again, and whoever acts is asked for again. A unit
        that only plans finds the organization as it is at its moment, and locks nothing. Raises NotFoundError.
        """
        organization = self.lock_if_there(organization_id)
        if organization is None:
            raise NotFoundError("There is no such organization.")
        return organization

    def lock_if_there(self, organization_id: str) -> Organization | None:
        """The same, None where the organization was deleted.

        Whoever needs several takes them in the order of their ids. Where that is not known in time, the one that comes
        too late is waited for briefly only, and its error undoes everything: of two who wait for each other one gives
        way.
        """
        is_first = organization_id not in self._locked
        if is_first:
            self.flush()
        organization = self._find(organization_id)
        if is_first and organization is not None:
            self._locked.add(organization_id)
            self.session.expire_all()
            if self.recheck is not None:
                self.recheck(self)
        return organization

    def _find(self, organization_id: str) -> Organization | None:
        if not self.may_write:
            return organizations.find(self.session, organization_id)
        if any(organization_id < locked for locked in self._locked):
            return organizations.lock_briefly(self.session, organization_id)
        return organizations.lock(self.session, organization_id)

    def note_locked(self, organization_id: str) -> None:
        """The organization's lock was taken by a statement of somebody else's."""
        self._locked.add(organization_id)

    def audit(
        self,
        organization_id: str,
        action: str,
        *,
        subject: str | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        reason: str | None = None,
        proof: Mapping[str, Any] | None = None,
        outcome: str = "done",
    ) -> None:
        """Write down a change in the transaction that makes it."""
        self._audited.append(
            {
                "id": self.id(Prefix.AUDIT),
                "organization_id": organization_id,
                "at": self.now,
                "actor_kind": self.actor.kind,
                "actor_id": self.actor.id,
                "actor_label": self.actor.label,
                "action": action,
                "outcome": outcome,
                "subject": subject,
                "before": dict(before) if before else _NOTHING,
                "after": dict(after) if after else _NOTHING,
                "reason": reason,
                "proof": dict(proof) if proof else _NOTHING,
                "network_address": self.visitor.address or None,
            }
        )

    @property
    def latest_entry(self) -> str:
        """The id of the newest audit entry of this unit, "" as long as there is none."""
        return str(self._audited[-1]["id"]) if self._audited else ""

    def refuse(self, organization_id: str, action: str, refused: Refused, *, subject: str | None = None) -> Refused:
        """Undo whatever was begun and write down only that it was refused; ends what the use case may do."""
        self.rollback()
        if self.may_write:
            organizations.lock(self.session, organization_id)  # entries of an organization are written in their order
        reason = " ".join(filter(None, (f"{refused.code}: {refused.sentence}", refused.fix)))
        self.audit(organization_id, action, subject=subject, reason=reason, outcome="refused")
        log.info("refused", extra={"reason": refused.code, "action": action, "organization": organization_id})
        return refused

    def event(self, organization_id: str, type_: EventType, *, subject: str, **data: Any) -> None:
        """Tell outside tools, in the transaction of the change, what `rules.events` says of this type."""
        self._told.append(
            {
                "id": self.id(Prefix.EVENT),
                "organization_id": organization_id,
                "at": self.now,
                "type": type_,
                "subject": subject,
                "data": data,
            }
        )


@dataclass(frozen=True)
class Transactions:
    """Opens units of work on one database with one set of ports, and for one visitor where it is for a request."""

    database: Database
    ports: Ports
    visitor: Visitor = Visitor()

    def for_request_of(self, visitor: Visitor) -> Transactions:
        """The same for a request: what is done in them comes from there."""
        return replace(self, visitor=visitor)

    @contextmanager
    def writing(self, actor: Actor = SYSTEM) -> Iterator[UnitOfWork]:
        """A unit that may write: committed when the block ends, rolled back when it raises."""
        with self.database.writing() as connection:
            # Begin now: on SQLite the wait for the only writer belongs before the first look at the clock.
            connection.begin()
            unit = UnitOfWork(connection=connection, ports=self.ports, actor=actor, visitor=self.visitor)
            try:
                yield unit
                unit.commit()
            except BaseException:  # an interrupt too: nothing half done
                unit.rollback()
                raise
            finally:
                unit.close()

    @contextmanager
    def reading(self, actor: Actor = SYSTEM) -> Iterator[UnitOfWork]:
        """A unit that only reads: nothing it does stays."""
        with self.database.reading() as connection:
            unit = UnitOfWork(connection=connection, ports=self.ports, actor=actor, visitor=self.visitor)
            try:
                yield unit
            finally:
                unit.close()

    @contextmanager
    def snapshot(self, actor: Actor = SYSTEM) -> Iterator[UnitOfWork]:
        """A unit that only reads, all of it as it was at one moment: the database refuses whatever it would write. What
        a change would do is worked out here.
        """
        with self.database.snapshot() as connection:
            unit = UnitOfWork(connection, self.ports, actor, visitor=self.visitor, may_write=False)
            try:
                yield unit
            finally:
                unit.close()

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection for single statements that only read: the cheapest way to ask something."""
        with self.database.looking() as connection:
            yield connection
