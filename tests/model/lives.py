"""Random lives of real organizations, beside a small world and an evaluator that knows no code of the product."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import connections, members, recovery
from app.services import roles as role_service
from tests.application import World as RealWorld
from tests.model.acting.doors import act
from tests.model.comparing import check_evaluator, check_explanation, check_stored
from tests.model.doors import steps
from tests.model.stage import Stage, connection_settings
from tests.model.steps import Action, Step
from tests.model.world import NAMES, PRESENT, UNKNOWN, Person, World, has_session
from tests.scenes import found_organization

#: How often the others are looked at after a step that is not theirs.
_LOOK_ASIDE = 0.1
_RARE = {
    "delete_group": 0.05,
    "directory_deleted": 0.05,
    "directory_off": 0.2,
    "sso_off": 0.3,
    "reorder": 0.1,
    "default": 0.2,
    "remove": 0.4,
    "test": 0.4,
}
#: What a step was, for telling and for doing it again: who asked, and the action.
Told = tuple[str, Action]


@dataclass
class Life:
    """One organization from its first minute; `told` is what happened in it."""

    stage: Stage
    world: World
    told: list[Told] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def choices(self) -> list[Step]:
        return [step for step in steps(self.world) if _can_be_done(self.world, step)]

    def take(self, step: Step) -> None:
        """Do it to the real organization, and compare."""
        self.told.append(_told(step))
        self.sentences.append(step.sentence)
        code = act(self.stage, step)
        expected = None if step.refused is None else str(step.refused.code)
        assert code == expected, f"the real one says {code}, the model {expected}"
        check_evaluator(self.world, step)
        self._count(step)
        before, self.world = self.world, step.after
        self.check(explained=_concerned(before, step.after))

    def _count(self, step: Step) -> None:
        held = {(was.held, now.held) for was, now in zip(self.world.people, step.after.people, strict=True)}
        counted = {
            str(step.door): True,
            "refused": step.refused is not None,
            "put on hold": (False, True) in held,
            "released": (True, False) in held,
            "asked by somebody on hold": step.actor is not None and step.actor.who is not None,
            "directory on": self.world.directory_on,
            "single sign-on required": self.world.sso_on,
        }
        self.figures.update(what for what, applies in counted.items() if applies)

    def check(self, *, explained: Collection[int] = ()) -> None:
        """Everybody stands as the world and the evaluator say, and what is told of these people agrees."""
        rows = self.stage.rows()
        for who, person in enumerate(self.world.people):
            assert (who in rows) == (person.membership == PRESENT), f"{NAMES[who]} is there: {who in rows}"
            if who in rows:
                check_stored(self.stage, self.world, who, rows[who])
                if who in explained:
                    check_explanation(self.stage, self.world, who, rows[who])


def _concerned(before: World, after: World) -> Collection[int]:
    """Whose explanation a step may change: everybody's with the settings, else those who are not as they were."""
    everybody = range(len(after.people))
    if before._replace(people=()) != after._replace(people=()):
        return everybody
    return [who for who in everybody if before.people[who] != after.people[who]]


class LifeFailedError(AssertionError):
    """A real organization is not as it must be; its story, and what happened in it for doing it again."""

    def __init__(self, life: Life, problem: AssertionError) -> None:
        super().__init__(_story(life, problem))
        self.told = life.told


def begin(real: RealWorld, number: int) -> Life:
    """A founded organization with a verified domain, a directory that is off, a connection, and confirmed codes."""
    hosts = (f"acme-{number}.test", f"elsewhere-{number}.test")
    organization = found_organization(real, f"ada@{hosts[0]}", f"Acme {number}")
    organization.verify_domain(hosts[0])
    codes = organization.store_recovery_codes()
    directory_id, scim = organization.add_directory()
    groups = [scim.add_group(name) for name in ("Admins", "Staff")]
    with real.transactions.writing(OPERATOR) as unit:
        role_service.to_add(unit, organization.id, slug="editor", name="Editor", priority=10).apply()
        ada = members.read(unit, organization.id, organization.admin_id)
        for code in codes[2:]:
            assert recovery.spend(unit, organization.id, code=code, by=ada)
        acting = connections.acting_of(ada)
        read = connection_settings("provider")
        made = connections.to_create(
            unit, organization.id, protocol="saml", name="Provider", read=read, acting=acting
        ).apply()
        assert not isinstance(made, Refused)
        stage = Stage(organization, hosts, made.id, directory_id, scim, groups, list(codes[:2]))
    ada_there = Person(membership=PRESENT, granted="admin", signed_in=1, confirmed=True)
    return Life(stage, World((ada_there, Person(), Person()), verified=0b01, codes=2))


_PROVISIONED: tuple[Action, ...] = (
    ("create_active", 0),
    ("join", 0, 0),
    ("map", 0, "admin"),
    ("directory_on",),
    ("directory_off",),  # and on again, so that no grant is left but the group
    ("directory_on",),
)
_SSO: tuple[Action, ...] = (("test", 0, UNKNOWN), ("sso_on", 0))
#: How a life may go on at once, because it would seldom come to that by chance.
YOUTHS: tuple[tuple[Action, ...], ...] = ((), _PROVISIONED, _SSO, (*_PROVISIONED, *_SSO))


def grown_up(life: Life, youth: Sequence[Action]) -> Life:
    """The life after these steps, each compared as any other."""
    for action in youth:
        life.take(next(step for step in life.choices() if step.action == action))
    return life


def walk(lives: Sequence[Life], *, steps_taken: int, dice: random.Random) -> None:
    """Let organizations of one database live side by side. Raises LifeFailedError."""
    for _ in range(steps_taken):
        life = dice.choice(lives)
        try:
            life.take(_chosen(life.choices(), dice))
        except AssertionError as problem:
            raise LifeFailedError(life, problem) from problem
        for other in lives:
            if other is not life and dice.random() < _LOOK_ASIDE:
                other.check()


def again(real: RealWorld, number: int, told: Sequence[Told]) -> tuple[Life, AssertionError | None]:
    """The same steps in a fresh organization, as far as they can be taken there; how it ended."""
    life = begin(real, number)
    for wanted in told:
        step = next((step for step in life.choices() if _told(step) == wanted), None)
        if step is not None:
            try:
                life.take(step)
            except AssertionError as problem:
                return life, problem
    return life, None


def shrunk(real: RealWorld, told: Sequence[Told], numbers: Iterator[int]) -> str:
    """The story of a life that fails, without the steps it fails without as well."""
    needed = list(told)
    for place in reversed(range(len(needed) - 1)):
        fewer = [*needed[:place], *needed[place + 1 :]]
        if again(real, next(numbers), fewer)[1] is not None:
            needed = fewer
    life, problem = again(real, next(numbers), needed)
    return _story(life, problem)


def _story(life: Life, problem: AssertionError | None) -> str:
    return "\n".join([str(problem), *(f"{place}. {said}" for place, said in enumerate(life.sentences, 1))])


def _told(step: Step) -> Told:
    return step.actor.name if step.actor else "", step.action


def _chosen(choices: Sequence[Step], dice: random.Random) -> Step:
    """First what kind of thing, then to whom; of what is refused, a part."""
    verbs: dict[str, list[Step]] = {}
    for step in choices:
        verbs.setdefault(str(step.action[0]), []).append(step)
    weights = [_RARE.get(verb, 1.0) * (1.0 if any(not s.refused for s in verbs[verb]) else 0.1) for verb in verbs]
    return dice.choice(verbs[dice.choices(list(verbs), weights)[0]])


def _can_be_done(world: World, step: Step) -> bool:
    """Leaves out what the real application asks more for than a small world knows of."""
    at_work = [person for who, person in enumerate(world.people) if has_session(world, who)]
    match step.action:
        case ("directory_deleted",):
            return bool(world.verified)
        case ("edit",):
            asking = [world.people[step.actor.who]] if step.actor and step.actor.who is not None else at_work
            return world.sso_on or any(world.verified >> person.host & 1 for person in asking)
        case ("vouch", host):
            asking = [world.people[step.actor.who]] if step.actor and step.actor.who is not None else at_work
            return bool(world.verified) or any(person.host == host for person in asking)
    return True
