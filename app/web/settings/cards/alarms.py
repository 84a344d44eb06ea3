"""The alarm of a directory that has taken much from many people."""

from __future__ import annotations

from datetime import datetime

from app.rules.mass_changes import Loss
from app.services.overview.alarms import AlarmFacts, LostFacts
from app.web.moments import moment
from app.web.presentation.alarms import LostPerson, MassChange
from app.web.wording import count


def mass_change(facts: AlarmFacts, *, now: datetime) -> MassChange:
    """One alarm, with the people it is about."""
    people = count(facts.people, "person", "people")
    return MassChange(
        id=facts.id,
        headline=f"{facts.directory or 'The directory'} has deactivated or demoted {people} in a short time.",
        meaning=f"It managed {facts.managed} before. All of it has been carried out. If it was a mistake, put it right"
        " in the identity provider: what it pushes next counts.",
        began=moment(facts.began_at, now=now),
        latest=moment(facts.latest_at, now=now),
        people=tuple(_person(person, now=now) for person in facts.shown),
        more=facts.people - len(facts.shown),
    )


def _person(facts: LostFacts, *, now: datetime) -> LostPerson:
    what = "Deactivated" if facts.loss is Loss.DEACTIVATED else f"{facts.role_before} → {facts.role_after}"
    return LostPerson(facts.id, facts.name, facts.email, what, moment(facts.at, now=now))
