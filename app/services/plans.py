"""Any change of authority as a plan: worked out without writing, shown, and then made by the very same value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar, cast

from app.rules.decisions import Allowed, Decision, Refused
from app.rules.plans import Aside, Outlook, Plan, Position, hash_of, judge_shown, make_plan, outlook, position
from app.services import authority, recent_authentication, settlements
from app.services.authority import Proposal
from app.services.unit_of_work import UnitOfWork
from app.store import roles

T = TypeVar("T")
R = TypeVar("R")
#: The lockout proof, as the audit log keeps it.
Proof = Mapping[str, str]


@dataclass
class Planned(Generic[T]):
    """A change that was worked out and not made. `plan` shows it, `apply` makes it.

    `judged` is what its own rules say, `propose` works out whose roles and ways in it moves (None: nobody's). What
    there is to do beside that is done by `prepare` before it is carried out, where people join, and by `write` after.
    `about` tells it from every other change, and `shown_first` says that it is made only by somebody who has seen its
    plan. `is_sensitive` says that its particulars make it one that asks whoever makes it who they are; whoever becomes
    an administrator by it is found out here. `leaves_out` are those it could be expected to be about and is not,
    `groups` the names of groups by mapping, for mappings that are not stored yet.
    """

    unit: UnitOfWork
    organization_id: str
    action: str
    write: Callable[[Proof], T]
    propose: Callable[[], Proposal] | None = None
    prepare: Callable[[], None] | None = None
    judged: Decision = field(default_factory=Allowed)
    subject: str | None = None
    about: str = ""
    is_sensitive: bool = False
    shown_first: bool = False
    leaves_out: Callable[[], Iterable[Aside]] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    _proposal: Proposal | None = field(default=None, init=False)
    _plan: Plan | None = field(default=None, init=False)

    @property
    def decision(self) -> Decision:
        """Whether the change may be made: what its own rules say, then the guard, then whether they were asked who they
        are.
        """
        proposal = self._worked_out() if isinstance(self.judged, Allowed) else None
        guarded = self.judged if proposal is None else proposal.settlement.decision
        is_sensitive = self.is_sensitive or (proposal is not None and proposal.makes_administrators)
        asked = recent_authentication.judge(self.unit, self.action, first=guarded, is_sensitive=is_sensitive)
        return asked if isinstance(asked, Refused) else guarded

    def plan(self) -> Plan:
        """What the change means for whom; worked out once, however often it is looked at. Nothing is written."""
        if self._plan is None:
            self._plan = self._make_plan()
        return self._plan

    def apply(self, *, shown: str | None = None) -> T | Refused:
        """Make the change, under the organization's lock; what is refused changes nothing and is written down.

        `shown` is the hash of the plan that whoever asks was shown: a change that has come to take more is refused.
        """
        judged = self._judge(shown)
        if isinstance(judged, Refused):
            return self.unit.refuse(self.organization_id, self.action, judged, subject=self.subject)
        proposal = self._worked_out()
        if proposal is None:
            return self.write({})
        if self.prepare is not None:
            self.prepare()
        settlements.carry_out(self.unit, self.organization_id, proposal)
        return self.write(proposal.proof)

    def then(self, show: Callable[[T], R]) -> Planned[R]:
        """The same change, whose result is turned into something else."""
        return replace(cast("Planned[Any]", self), write=lambda proof: show(self.write(proof)))

    def _judge(self, shown: str | None) -> Decision:
        decision = self.decision
        if isinstance(decision, Refused) or (shown is None and not self.shown_first):
            return decision
        return judge_shown(shown, self._hash(), required=self.shown_first)

    def _hash(self) -> str:
        """The hash of the plan, which costs much less than the plan where nobody has asked for that."""
        return self._plan.hash if self._plan is not None else hash_of(self._named, self._outlooks())

    def _make_plan(self) -> Plan:
        mapped = {mapping.id: mapping.label for mapping in roles.mappings(self.unit.session, self.organization_id)}
        return make_plan(
            self.decision,
            self._outlooks(),
            about=self._named,
            asides=self.leaves_out() if self.leaves_out is not None else (),
            groups={**mapped, **self.groups},
        )

    @property
    def _named(self) -> str:
        """Which change this is, as its hash says."""
        return f"{self.action} {self.about or self.subject or ''}"

    def _outlooks(self) -> Iterable[Outlook]:
        proposal = self._worked_out()
        return _outlooks(self.unit, self.organization_id, proposal) if proposal is not None else ()

    def _worked_out(self) -> Proposal | None:
        if self._proposal is None and self.propose is not None:
            self._proposal = self.propose()
        return self._proposal


def _outlooks(unit: UnitOfWork, organization_id: str, proposal: Proposal) -> Iterator[Outlook]:
    """Everybody whose role, state or way in may come out differently."""
    before, after, priorities = proposal.before, proposal.after, proposal.policy.roles.priorities
    others = authority.bystanders(unit, organization_id, proposal)
    # Where the guard refuses, its settlement is how things stay; what would have been is in `after`.
    becoming = after.people if proposal.refused is not None else proposal.settlement.people
    was: dict[str, Position] = {
        person.member_id: position(person, before.access)
        for person in (*before.people, *others)
        if person.member_id not in proposal.change.joining
    }
    for person in (*becoming, *others):
        yield outlook(was.get(person.member_id), position(person, after.access), priorities=priorities)
