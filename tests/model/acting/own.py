"""What a person on hold asks for, as a member or in a recovery session: of the use cases, with them as the actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.ports.dns import TxtAnswer
from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Refused
from app.rules.domains import record_value
from app.rules.lockout import Guests
from app.rules.roles import GroupSource
from app.services import connections, directories, domains, invitations, members, organizations, role_mappings, roles
from app.services.organizations import Edit
from app.services.plans import Planned
from app.services.unit_of_work import UnitOfWork
from app.store.members import Member
from tests.model.acting.api import mappings, new_directory, sources
from tests.model.stage import Stage, connection_settings
from tests.model.steps import Step

T = TypeVar("T")


def ask(stage: Stage, step: Step) -> str | None:
    """Ask for it; the code of the refusal, if it was refused."""
    assert step.actor is not None
    assert step.actor.who is not None
    row = stage.rows()[step.actor.who]
    kind = ActorKind.RECOVERY if step.actor.may_lift_holds else ActorKind.MEMBER
    verb, *arguments = step.action
    if verb == "invite":
        stage.world.clock.advance(minutes=2)  # nobody is mailed twice within a minute
    actor = Actor(kind, id=row.id, label=row.email, asked_at=stage.world.clock.now())  # they have just shown who it is
    with stage.world.transactions.writing(actor) as unit:
        outcome = _VERBS[str(verb)](_Request(stage, step, unit, row), *arguments)
    if isinstance(outcome, Refused):
        return str(outcome.code)
    if verb == "directory_deleted":
        new_directory(stage)
    return None


@dataclass(frozen=True)
class _Request:
    stage: Stage
    step: Step
    unit: UnitOfWork
    row: Member

    @property
    def org(self) -> str:
        return self.stage.organization.id

    def member(self, who: int) -> str:
        return self.stage.rows()[who].id


def _made(planned: Planned[T]) -> T | Refused:
    """The change, by somebody who has seen what it does."""
    return planned.apply(shown=planned.plan().hash)


def _grant(asked: _Request, who: int, slug: str) -> object:
    return _made(members.to_edit(asked.unit, asked.org, asked.member(who), role=slug))


def _suspend(asked: _Request, who: int, suspended: int) -> object:
    return _made(members.to_edit(asked.unit, asked.org, asked.member(who), suspended=bool(suspended)))


def _activate(asked: _Request, who: int) -> object:
    return _made(members.to_edit(asked.unit, asked.org, asked.member(who), activate=True))


def _remove(asked: _Request, who: int) -> object:
    return _made(members.to_remove(asked.unit, asked.org, asked.member(who)))


def _invite(asked: _Request, who: int, slug: str) -> Refused | None:
    address = asked.stage.address(who, asked.step.after.people[who].host)
    made = invitations.invite(asked.unit, asked.org, email=address, role=slug)
    if isinstance(made, Refused):
        return made
    asked.stage.invitation_ids[who] = made.id
    return None


def _revoke(asked: _Request, who: int) -> None:
    invitations.revoke(asked.unit, asked.org, asked.stage.invitation_ids.pop(who))


def _map(asked: _Request, group: int, slug: str) -> object:
    return _add_mappings(asked, group, slug) if slug else _remove_mappings(asked, group)


def _add_mappings(asked: _Request, group: int, slug: str) -> Refused | None:
    for source, ref in sources(asked.stage, asked.step, group):
        made = _made(role_mappings.to_add(asked.unit, asked.org, source=GroupSource(source), group=ref, role=slug))
        if isinstance(made, Refused):
            return made
        asked.stage.mapping_ids[group, source] = made.id
    return None


def _remove_mappings(asked: _Request, group: int) -> Refused | None:
    for source, mapping in mappings(asked.stage, asked.step, group):
        refused = _made(role_mappings.to_remove(asked.unit, asked.org, mapping))
        if refused is not None:
            return refused
        del asked.stage.mapping_ids[group, source]
    return None


def _default(asked: _Request, slug: str) -> object:
    return _made(organizations.to_edit(asked.unit, asked.org, Edit(default_role=slug)))


def _guests(asked: _Request, allowed: int) -> object:
    return _made(
        organizations.to_edit(asked.unit, asked.org, Edit(guests=Guests.EMAIL_CODE if allowed else Guests.REFUSE))
    )


def _reorder(asked: _Request) -> object:
    return _made(roles.to_reorder(asked.unit, asked.org, ["editor", "admin", "member"]))


def _directory_on(asked: _Request) -> object:
    return _made(directories.to_activate(asked.unit, asked.org, asked.stage.directory_id))


def _directory_off(asked: _Request) -> object:
    return _made(directories.to_deactivate(asked.unit, asked.org, asked.stage.directory_id))


def _directory_deleted(asked: _Request) -> object:
    return _made(directories.to_delete(asked.unit, asked.org, asked.stage.directory_id))


def _sso_on(asked: _Request, _: int) -> object:
    acting = members.read(asked.unit, asked.org, asked.row.id)
    return _made(connections.to_activate(asked.unit, asked.org, asked.stage.connection_id, acting=acting))


def _sso_off(asked: _Request) -> object:
    return _made(connections.to_deactivate(asked.unit, asked.org, asked.stage.connection_id))


def _edit(asked: _Request) -> object:
    asked.stage.edits += 1
    settings, acting = connection_settings(f"provider-{asked.stage.edits}"), connections.acting_of(asked.row)
    return _made(
        connections.to_edit(
            asked.unit, asked.org, asked.stage.connection_id, name=None, settings=settings, acting=acting
        )
    )


def _vouch(asked: _Request, host: int) -> object:
    """A member cannot vouch; the record is there instead."""
    unit, name = asked.unit, asked.stage.hosts[host]
    found = next((one for one in domains.all_of(unit, asked.org) if one.host == name), None)
    claimed = found or domains.claim(unit, asked.org, host=name, acting=connections.acting_of(asked.row))
    assert not isinstance(claimed, Refused), claimed
    unit.session.flush()
    return domains.apply_answer(unit, asked.org, claimed.id, TxtAnswer(name, (record_value(claimed.token),)))


def _remove_domain(asked: _Request, host: int) -> object:
    found = next(one for one in domains.all_of(asked.unit, asked.org) if one.host == asked.stage.hosts[host])
    return _made(domains.to_remove(asked.unit, asked.org, found.id))


_VERBS: dict[str, Callable[..., Any]] = {
    "grant": _grant,
    "suspend": _suspend,
    "activate": _activate,
    "remove": _remove,
    "invite": _invite,
    "revoke": _revoke,
    "map": _map,
    "default": _default,
    "guests": _guests,
    "reorder": _reorder,
    "directory_on": _directory_on,
    "directory_off": _directory_off,
    "directory_deleted": _directory_deleted,
    "sso_on": _sso_on,
    "sso_off": _sso_off,
    "edit": _edit,
    "vouch": _vouch,
    "remove_domain": _remove_domain,
}
