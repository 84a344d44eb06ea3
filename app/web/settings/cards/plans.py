"""A plan in words: what a change does in numbers, and per person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.rules.lockout import WayIn
from app.rules.members import MemberState
from app.rules.plans import Aside, Loss, Outlook, Plan, Position, Totals
from app.rules.roles import RoleSource
from app.web.presentation.plans import AsideRow, PlanRow, Side
from app.web.wording import THEN, count

MOST_ROWS = 200
_LOSSES = {
    Loss.ADMINISTRATION: "No longer an administrator",
    Loss.ROLE: "Lower role",
    Loss.SIGN_IN: "Cannot sign in",
}
_WAYS = {WayIn.EMAIL_CODE: "Emailed code", WayIn.SINGLE_SIGN_ON: "Single sign-on"}
_SOURCES = {
    RoleSource.GRANTED: "Granted by hand",
    RoleSource.DEFAULT: "The default role",
    RoleSource.HELD: "On hold",
    RoleSource.MAPPED: "From a group",
}
_ASIDES = {
    "not_in_directory": "A member who is not in the directory: stays as they are.",
    "inactive": "In the directory, but inactive there: does not become a member.",
    "no_address": "In the directory without an address: does not become a member.",
    "unverified_host": "In the directory, with an address at a domain that is not verified: does not become a member.",
    "address_in_use": "In the directory, with an address that somebody else has: does not become a member.",
}


def effects(totals: Totals) -> Iterator[str]:
    """What the change does, in numbers; what it takes comes first."""
    counted = (
        (totals.losing_administration, "person is no longer an administrator.", "people are no longer administrators."),
        (totals.shut_out, "person cannot sign in any more.", "people cannot sign in any more."),
        (totals.new_administrators, "person becomes an administrator.", "people become administrators."),
        (totals.demoted - totals.losing_administration, "person gets a lower role.", "people get a lower role."),
        (totals.must_prove, "person signs in by a way, or through settings, that they have not used yet.",
         "people sign in by a way, or through settings, that they have not used yet."),
        (totals.must_enroll, "person sets up an authenticator app at their next sign-in, before anything else.",
         "people set up an authenticator app at their next sign-in, before anything else."),
        (totals.readdressed, "person gets another address, and their sessions end.",
         "people get another address, and their sessions end."),
        (totals.joining, "person becomes a member.", "people become members."),
        (totals.let_in, "person can sign in who could not before.", "people can sign in who could not before."),
        (totals.promoted, "person gets a higher role.", "people get a higher role."),
    )  # fmt: skip
    found = [count(number, one, many) for number, one, many in counted if number > 0]
    yield from found
    if totals.changed and not found:
        whom = count(totals.changed, "person", "people")
        yield f"For {whom} the role stays; where it comes from, or the way in, changes."
    if not totals.changed:
        yield "Nobody's role or way in changes."


def rows(plan: Plan, roles: Mapping[str, str]) -> tuple[PlanRow, ...]:
    """The people a plan is about, as far as a page can hold them; `roles` are the names by slug."""
    return tuple(_row(outlook, roles, plan.groups) for outlook in plan.people[:MOST_ROWS])


def asides(plan: Plan) -> tuple[AsideRow, ...]:
    """Those it leaves as they are."""
    return tuple(_aside(aside) for aside in plan.asides[:MOST_ROWS])


def _aside(aside: Aside) -> AsideRow:
    return AsideRow(aside.email, _ASIDES.get(aside.reason, aside.reason))


def _row(outlook: Outlook, roles: Mapping[str, str], groups: Mapping[str, str]) -> PlanRow:
    before = Side() if outlook.before is None else _side(outlook.before, roles, groups)
    after = _side(outlook.after, roles, groups)
    losses = set(outlook.losses)
    if Loss.ADMINISTRATION in losses:
        losses.discard(Loss.ROLE)  # the one says the other
    return PlanRow(
        member_id=outlook.member_id,
        email=outlook.after.standing.email,
        was=_earlier_address(outlook),
        before=before,
        after=after,
        losses=tuple(words for loss, words in _LOSSES.items() if loss in losses),
        is_new=outlook.before is None,
        role_differs=(before.role, before.role_why) != (after.role, after.role_why),
        way_in_differs=before.way_in != after.way_in,
    )


def _earlier_address(outlook: Outlook) -> str:
    """The address they had, where it is another one."""
    earlier = outlook.before.standing.email if outlook.before is not None else ""
    return "" if earlier == outlook.after.standing.email else earlier


def _side(position: Position, roles: Mapping[str, str], groups: Mapping[str, str]) -> Side:
    role = position.standing.role
    group = groups.get(role.mapping_id or "")
    why = f"From the group {group}" if group else _SOURCES[role.source]
    return Side(role=roles.get(role.role, role.role), role_why=why, way_in=_way_in(position))


def _way_in(position: Position) -> str:
    person = position.standing
    if position.door is not None:
        proven = "" if position.is_proven else ", not used yet"
        return f"{_WAYS[position.door]}{THEN[position.then]}{proven}"
    if person.removed:
        return "None: removed"
    if person.suspended:
        return "None: suspended"
    if person.state is not MemberState.ACTIVE:
        return f"None: {person.state}"
    return "None: a guest at another domain"
