"""Whether a real member stands, and is told to stand, as a small world and the evaluator say."""

from __future__ import annotations

from app.store.members import Member
from tests.model import evaluator
from tests.model.stage import Stage
from tests.model.steps import Door, Step
from tests.model.world import NAMES, World


def check_evaluator(before: World, step: Step) -> None:
    """The evaluator refuses what was refused, and has everybody as the step leaves them."""
    if step.facts is None or step.known is None:
        return
    acting = step.actor.who if step.actor and step.action[0] not in {"directory_off", "directory_deleted"} else None
    outcome = evaluator.judge(step.known, step.facts, by_person=step.door is Door.REQUEST, acting=acting)
    assert outcome.refused == (step.refused is not None), f"the evaluator refuses: {outcome.refused}"
    for who in evaluator.members(step.after if not outcome.refused else before):
        person = step.after.people[who]
        assert person.held == (who in outcome.held), f"the evaluator holds {NAMES[who]}: {who in outcome.held}"
        assert person.active == outcome.active[who], f"the evaluator has {NAMES[who]} active: {outcome.active[who]}"


def check_stored(stage: Stage, world: World, who: int, row: Member) -> None:
    """What the database has of a member."""
    person, name = world.people[who], NAMES[who]
    slug, source = _role(world, who)
    expected = {
        "email": stage.address(who, person.host),
        "state": "active" if person.active else "deactivated",
        "suspended": person.suspended,
        "role": slug,
        "role_source": source,
        "held": person.held,
        "granted_role": person.granted or None,
    }
    stored = {key: getattr(row, key) for key in expected}
    assert stored == expected, f"{name} is stored as {stored}, expected {expected}"


def check_explanation(stage: Stage, world: World, who: int, row: Member) -> None:
    """What the API says why a member stands as they do."""
    person, name = world.people[who], NAMES[who]
    slug, source = _role(world, who)
    told = stage.call("GET", f"{stage.path}/members/{row.id}/explanation")
    way = evaluator.way_in(world, who, is_active=person.active)
    explained = {
        "role": slug,
        "role_source": source,
        "held": person.held,
        "way_in": way,
        "managed": world.directory_on and person.linked,
        "missing": _missing(world, who, slug, way),
    }
    said = {
        **{key: told[key] for key in ("role", "role_source", "held", "way_in")},
        "managed": told["managed_by"] is not None,
        "missing": [one["code"] for one in told["missing"]],
    }
    assert said == explained, f"{name} is explained as {said}, expected {explained}"


def _role(world: World, who: int) -> evaluator.Role:
    return ("admin", "held") if world.people[who].held else evaluator.role(world, who)


def _missing(world: World, who: int, slug: str, way: str | None) -> list[str]:
    person = world.people[who]
    at_home = world.verified >> person.host & 1
    why = "never_signed_in" if not world.sso_on else "not_proven" if at_home else "guests_refused"
    found = {
        "not_admin": slug != "admin",
        "held": person.held,
        "not_active": not person.active,
        "suspended": person.suspended,
        why: person.active and not person.suspended and way is None,
    }
    return [code for code, applies in found.items() if applies]
