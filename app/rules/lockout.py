"""The guard: who is a usable administrator, whether a change may leave none, and whose role is held when a push
would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.domains import host_of
from app.rules.factors import MfaPolicy, SecondStep, second_step
from app.rules.members import MemberState
from app.rules.roles import ADMIN, EffectiveRole, RoleSource

_NEVER = datetime.min.replace(tzinfo=UTC)


class Guests(StrEnum):
    """Whether members whose host is not verified may use email codes while single sign-on is required."""

    REFUSE = "refuse"
    EMAIL_CODE = "email_code"


class WayIn(StrEnum):
    SINGLE_SIGN_ON = "single_sign_on"
    EMAIL_CODE = "email_code"


@dataclass(frozen=True, slots=True)
class Access:
    """The settings that ways in depend on. `sso_revision` is the connection revision in force, None while SSO is
    off.
    """

    verified_hosts: frozenset[str]
    sso_revision: str | None
    guests: Guests
    mfa: MfaPolicy = MfaPolicy.OFF


@dataclass(frozen=True, slots=True)
class Standing:
    """One member as the guard sees them; `proofs` are the revisions they came in through, by a test or a sign-in."""

    member_id: str
    email: str
    state: MemberState
    suspended: bool
    role: EffectiveRole
    held: bool
    has_signed_in: bool
    last_signed_in_at: datetime | None
    proofs: frozenset[str] = frozenset()
    removed: bool = False
    is_enrolled: bool = False

    @property
    def holds_admin(self) -> bool:
        """Whether admin is the role that counts for them, held or not."""
        return self.role.role == ADMIN

    @property
    def is_present(self) -> bool:
        """Whether sign-in is open to them at all."""
        return self.state is MemberState.ACTIVE and not self.suspended and not self.removed


@dataclass(frozen=True, slots=True)
class World:
    """The settings and the people who matter to the guard: every administrator, and everyone the change touches."""

    access: Access
    people: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to write: the decision, and everyone's standing with holds set and released."""

    decision: Decision
    people: tuple[Standing, ...]
    held: tuple[Standing, ...] = ()
    released: tuple[Standing, ...] = ()

    @property
    def proof(self) -> Mapping[str, str]:
        """The lockout proof: a usable administrator that is left and their way in; empty where there is none."""
        return {} if isinstance(self.decision, Refused) else dict(self.decision.proof or {})


def door(person: Standing, access: Access) -> WayIn | None:
    """Where this person would have to come in under these settings, whether or not they ever have; None: nowhere."""
    if not person.is_present:
        return None
    if access.sso_revision is None:
        return WayIn.EMAIL_CODE
    if host_of(person.email) in access.verified_hosts:
        return WayIn.SINGLE_SIGN_ON
    return WayIn.EMAIL_CODE if access.guests is Guests.EMAIL_CODE else None


def after_door(person: Standing, way: WayIn, access: Access) -> SecondStep | None:
    """What is asked of this person once they have come in by this door; None: nothing more. It never shuts anybody
    out: who has no factor yet sets one up.
    """
    through_provider = way is WayIn.SINGLE_SIGN_ON
    return second_step(is_enrolled=person.is_enrolled, policy=access.mfa, through_provider=through_provider)


def way_in(person: Standing, access: Access) -> WayIn | None:
    """How this person signs in under these settings, proven where the identity provider is part of it; None: not at
    all.
    """
    way = door(person, access)
    return way if has_used(person, way, access) else None


def step_after(person: Standing, access: Access) -> SecondStep | None:
    """What is asked of this person once they have signed in as `way_in` says."""
    way = way_in(person, access)
    return after_door(person, way, access) if way is not None else None


def has_used(person: Standing, way: WayIn | None, access: Access) -> bool:
    """Whether this person has come in before by the door that is open to them, where that has to be shown."""
    if access.sso_revision is None:
        return person.has_signed_in
    return way is not WayIn.SINGLE_SIGN_ON or access.sso_revision in person.proofs


def is_usable(person: Standing, access: Access) -> bool:
    """Whether this person is a usable administrator: an admin not on hold, for whom there is a way in."""
    return person.holds_admin and not person.held and way_in(person, access) is not None


def usable(world: World) -> tuple[Standing, ...]:
    """Every usable administrator, the latest to have signed in first."""
    return latest_first(person for person in world.people if is_usable(person, world.access))


def settle(before: World, after: World, *, by_person: bool, acting: str | None = None) -> Settlement:
    """Judge a change and set holds.

    `before` is what is stored; `after` is the same people as the change would leave them, worked out without any hold.
    A person's change that would leave nobody is refused; what a push would take away is held instead. `acting` is the
    member who asks for the change, where lifting their own hold is not theirs to do.
    """
    held_before = frozenset(person.member_id for person in before.people if person.held)
    if acting in held_before and _lifts_own_hold(after, str(acting)):
        return Settlement(OWN_HOLD, before.people)
    if usable(after):
        released = tuple(person for person in after.people if person.member_id in held_before)
        return Settlement(_allowed(after), after.people, released=released)
    kept = {person.member_id: _keep(person) for person in after.people if person.member_id in held_before}
    if by_person:
        return _settle_request(before, after, kept)
    return _settle_push(before, after, kept)


OWN_HOLD = Refused(
    Code.OWN_HOLD,
    "You are on hold: the directory says that you are no longer an administrator, and you cannot overrule it.",
    fix="Make another member an administrator, or have the directory make you one again.",
)


def _lifts_own_hold(after: World, acting: str) -> bool:
    """Whether the one on hold would simply be an administrator again, whoever else becomes one along with them."""
    return any(person.member_id == acting and person.holds_admin and person.is_present for person in after.people)


def _settle_request(before: World, after: World, kept: dict[str, Standing]) -> Settlement:
    """Nobody usable would be left: refused if there was somebody, or if the last one on hold would lose their way
    back.
    """
    last = usable(before)
    if last:
        return Settlement(_refused(last, before, after), before.people)
    holds_before = [person for person in before.people if person.held]
    still_there = [person for person in holds_before if person.member_id in kept]
    if holds_before and not any(_may_return(was, kept[was.member_id], before, after) for was in still_there):
        return Settlement(_refused_hold(holds_before[0], before, after), before.people)
    if not holds_before and _holders(before) and not _holders(after):
        return Settlement(_refused(_holders(before), before, after), before.people)
    return _settled(after, kept)


def _settle_push(before: World, after: World, kept: dict[str, Standing]) -> Settlement:
    """Nobody usable would be left: exactly one of those who were is held, unless somebody is on hold already."""
    candidates = usable(before) or (() if _holders(after) else _holders(before))
    if any(person.held for person in kept.values()):
        return _settled(after, kept)
    by_id = {person.member_id: person for person in after.people}
    chosen = next((by_id[person.member_id] for person in candidates if not by_id[person.member_id].removed), None)
    if chosen is None or (chosen.holds_admin and chosen.is_present):
        return _settled(after, kept)
    held = _hold(chosen)
    settlement = _settled(after, kept | {held.member_id: held})
    return replace(settlement, held=(held,))


def _settled(after: World, kept: dict[str, Standing]) -> Settlement:
    people = tuple(kept.get(person.member_id, person) for person in after.people)
    released = tuple(person for person in kept.values() if not person.held)
    return Settlement(Allowed(), people, released=released)


def _keep(person: Standing) -> Standing:
    """A hold goes on, unless the person was made an administrator again."""
    return person if person.holds_admin and person.is_present else _hold(person)


def _hold(person: Standing) -> Standing:
    return replace(person, held=True, role=EffectiveRole(ADMIN, RoleSource.HELD))


def _may_return(was: Standing, becomes: Standing, before: World, after: World) -> bool:
    """A deactivated person on hold comes back by recovery; a suspended or removed one does not.

    Who could sign in by themselves must still be able to.
    """
    keeps_way_in = way_in(was, before.access) is None or way_in(becomes, after.access) is not None
    return keeps_way_in and not becomes.suspended and not becomes.removed


def _holders(world: World) -> tuple[Standing, ...]:
    """Administrators who are there, even if they have not proven a way in yet."""
    return latest_first(person for person in world.people if person.holds_admin and person.is_present)


def latest_first(people: Iterable[Standing]) -> tuple[Standing, ...]:
    """These people, the latest to have signed in first."""
    by_sign_in = sorted(people, key=lambda person: person.member_id)
    return tuple(sorted(by_sign_in, key=lambda person: person.last_signed_in_at or _NEVER, reverse=True))


def _allowed(after: World) -> Allowed:
    proof = usable(after)[0]
    way = way_in(proof, after.access)
    then = step_after(proof, after.access)
    told = {"administrator": proof.member_id, "email": proof.email, "way_in": str(way)}
    return Allowed(told if then is None else told | {"second_step": str(then)})


def _refused(last: tuple[Standing, ...], before: World, after: World) -> Refused:
    names = ", ".join(person.email for person in last[:3])
    return Refused(
        Code.LAST_ADMINISTRATOR,
        f"This would leave the organization without an administrator who can sign in: {names} would be the last.",
        fix=_smallest_change(before, after),
        facts={"last": names},
    )


def _refused_hold(held: Standing, before: World, after: World) -> Refused:
    return Refused(
        Code.LAST_HELD_ADMINISTRATOR,
        f"{held.email} is on hold as the last administrator; this would take away their way back.",
        fix=_smallest_change(before, after),
        facts={"last": held.email},
    )


def _smallest_change(before: World, after: World) -> str:
    """What would be enough for the change to be allowed: of the administrators there are and whom it leaves, somebody
    may lack one thing only.
    """
    was = {person.member_id: person for person in before.people if person.holds_admin}
    left = latest_first(person for person in after.people if person.holds_admin and person.member_id in was)
    for person in left:
        match door(person, after.access):
            case WayIn.SINGLE_SIGN_ON:
                return (
                    f"Have {person.email}, who is an administrator, come in through the identity provider with exactly"
                    " these settings first: a test sign-in is enough."
                )
            case WayIn.EMAIL_CODE:
                return f"Have {person.email}, who is an administrator, sign in once first."
    for person in left:
        if was[person.member_id].suspended and door(replace(person, suspended=False), after.access) is not None:
            return f"Lift the suspension of {person.email}, who is an administrator, first."
    return "Make another active member who has signed in an admin first."
