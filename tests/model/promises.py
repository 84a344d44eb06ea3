"""What must be true of every step of a small world, whatever came before it."""

from __future__ import annotations

from collections.abc import Iterator

from app.rules import lockout
from app.rules.lockout import usable
from app.rules.roles import ADMIN, RoleSource
from tests.model import world as model
from tests.model.steps import Door, Step
from tests.model.world import GROUPS, NAMES, NO_ROLE, PRESENT, World


def broken(before: World, step: Step) -> Iterator[str]:
    """The promises that this step breaks, as sentences."""
    if step.refused is not None:
        if step.door is not Door.REQUEST:
            yield "A push or sign-in was refused."
        if step.after != before:
            yield "A refused request changed something."
        yield from _refused_for_a_reason(step)
        return
    if step.after is before:
        return
    yield from _somebody_is_left(before, step)
    yield from _holds(before, step)
    yield from _new_administrators(before, step.after)
    yield from _invited(before, step)
    yield from _own_hold(step)
    yield from _made_active(before, step)


def _refused_for_a_reason(step: Step) -> Iterator[str]:
    """The guard refuses nothing that leaves a usable administrator, but that somebody lifts their own hold."""
    who, facts = step.actor.who if step.actor else None, step.facts
    if facts is None:
        return
    settings = model.settings_of(facts)
    left = [
        model.worked_out(place, one, settings) for place, one in enumerate(facts.people) if one.membership == PRESENT
    ]
    if who is not None and any(
        one.member_id == model.member_id(who) and one.holds_admin and one.is_present for one in left
    ):
        return
    if usable(lockout.World(model.access_of(facts), tuple(left))):
        yield "A request was refused that leaves a usable administrator."


def _somebody_is_left(before: World, step: Step) -> Iterator[str]:
    after = step.after
    if usable(model.standings(after)):
        return
    if not any(model.recovers(after, who) for who in range(len(after.people))):
        yield "Nobody is a usable administrator, and recovery is for nobody."
    if any(person.held for person in after.people) or not usable(model.standings(before)):
        return
    if step.door is Door.REQUEST:
        yield "A person's request took the last usable administrator."
    elif not _stays_administrator(before, after):
        yield "A push or sign-in took the last usable administrator, and nobody is on hold."


def _stays_administrator(before: World, after: World) -> bool:
    """Whether one of those who were usable still is an administrator at work, and only has to prove a way in again."""
    ids = {person.member_id for person in usable(model.standings(before))}
    return any(model.has_session(after, who) and model.member_id(who) in ids for who in range(len(after.people)))


def _holds(before: World, step: Step) -> Iterator[str]:
    after, settings = step.after, model.settings_of(step.after)
    held = [who for who, person in enumerate(after.people) if person.held]
    if len(held) > 1:
        yield "More than one person is on hold."
    if held and usable(model.standings(after)):
        yield "A hold stands beside a usable administrator."
    for who in held:
        person = after.people[who]
        if model.worked_out(who, person, settings).is_present and model.role_of(person, settings).role == ADMIN:
            yield f"{NAMES[who]} stays on hold though the directory makes them an administrator."
        if step.door is Door.REQUEST and not before.people[who].held:
            yield "A person's request put somebody on hold."
        if step.door is Door.REQUEST and _way_in(before, who) and not _way_in(after, who):
            yield f"A person's request took the way in of {NAMES[who]}, the only one on hold."


def _way_in(world: World, who: int) -> lockout.WayIn | None:
    person = model.stored(who, world.people[who], model.settings_of(world))
    return lockout.way_in(person, model.access_of(world))


def _new_administrators(before: World, after: World) -> Iterator[str]:
    """Nobody becomes one but by a grant or a mapping; turning a directory off grants it only to who was one."""
    settings = model.settings_of(after)
    for who, person in enumerate(after.people):
        kept = person.granted == ADMIN and person.kept_from_directory and before.people[who].granted != ADMIN
        if kept and not model.is_admin(before, who):
            yield f"Turning the directory off made {NAMES[who]} an administrator."
        if not model.is_admin(after, who) or model.is_admin(before, who):
            continue
        reason = model.stored(who, person, settings).role.source
        granted = reason is RoleSource.GRANTED and person.granted == ADMIN
        mapped = reason is RoleSource.MAPPED and _in_admin_group(after, who)
        if person.membership != PRESENT or not (granted or mapped):
            yield f"{NAMES[who]} became an administrator by neither a grant nor a mapping."


def _invited(before: World, step: Step) -> Iterator[str]:
    """No sign-in gives a role by hand but the one that somebody was invited with."""
    if step.door is not Door.SIGN_IN:
        return
    for who, person in enumerate(step.after.people):
        was = before.people[who]
        if person.granted not in (was.granted, was.invited, NO_ROLE):
            yield f"{NAMES[who]} was given a role by signing in."


def _in_admin_group(world: World, who: int) -> bool:
    person = world.people[who]
    groups = person.groups & world.alive if world.directory_on else max(person.sent, 0)
    return any(world.mapped[group] == ADMIN and groups >> group & 1 for group in range(len(GROUPS)))


def _own_hold(step: Step) -> Iterator[str]:
    """Whoever is on hold does not make themselves an administrator; in a recovery session the directory may be turned
    off, and they come back themselves where nobody else is left.
    """
    who, after = step.actor.who if step.actor else None, step.after
    if who is None or after.people[who].held or not model.has_session(after, who):
        return
    alone = not any(
        one.membership == model.PRESENT and one.active and not one.suspended
        for other, one in enumerate(after.people)
        if other != who
    )
    comes_back = step.action == ("activate", who) and alone
    if not after.people[who].kept_from_directory and not comes_back:
        yield f"{NAMES[who]} lifted their own hold."


def _made_active(before: World, step: Step) -> Iterator[str]:
    """Nobody is made active by hand against the directory, and nobody gets back by it what was granted earlier."""
    if step.action[0] != "activate":
        return
    who = int(step.action[1])
    person = before.people[who]
    if before.directory_on and (person.linked or person.buried):
        yield f"{NAMES[who]} was made active, whom the directory lists as inactive."
    if step.after.people[who].granted:
        yield f"{NAMES[who]} has a role again that was granted before they were deactivated."
