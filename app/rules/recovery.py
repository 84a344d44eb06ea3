"""Recovery: who may replace the codes, how often one may be tried, whom a recovery session makes an administrator or
active again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.roles import ADMIN
from app.rules.sessions import CODE_ATTEMPTS, CODE_WINDOW


def may_replace_codes(*, left: int, only_held: bool, actor: Actor) -> Decision:
    """Whether the unused codes may become void. `only_held`: the only administrators there are, are on hold.

    A person who makes a new set reads it and may use it, and an operator opens recovery without a code. A program with
    a key of the organization would take the last way back from whoever is on hold.
    """
    if only_held and left and actor.kind is ActorKind.API_KEY:
        return Refused(
            Code.LAST_RECOVERY_CODES,
            "The only administrator is on hold, and these recovery codes are the way back.",
            fix="Have an administrator make the new set on the settings page.",
        )
    return Allowed()


def wait_for_drill(*, wrong: int, since: datetime | None, now: datetime) -> timedelta | None:
    """How long until the next code may be tried, after too many wrong ones; None: now."""
    if since is None or wrong < CODE_ATTEMPTS or now - since >= CODE_WINDOW:
        return None
    return since + CODE_WINDOW - now


def may_map(actor: Actor, role: str) -> Decision:
    """Whether whoever acts may map a group to this role: a recovery session makes one member an administrator, by hand,
    and not everybody in a group.
    """
    if actor.kind is ActorKind.RECOVERY and role == ADMIN:
        return Refused(
            Code.RECOVERY_APPOINTED,
            "A recovery session makes one member an administrator, not a whole group.",
            fix="Make that member one under Members, sign in as usual, then map the group.",
        )
    return Allowed()


def may_appoint(*, is_active: bool, is_another: bool) -> Decision:
    """Whether a recovery session may make this member an administrator: one, and one who can come in.

    `is_another` is whether the session has made somebody else one already.
    """
    if is_another:
        return Refused(
            Code.RECOVERY_APPOINTED,
            "A recovery session makes one member an administrator, and this one has.",
            fix="Have that administrator make the next one.",
        )
    if not is_active:
        return Refused(
            Code.MEMBER_NOT_ACTIVE,
            "A recovery session can make only an active member an administrator.",
            fix="Choose a member who is neither deactivated nor suspended.",
        )
    return Allowed()


def may_return(*, is_own: bool, others_active: bool) -> Decision:
    """Whether a recovery session may make this deactivated member active again: the one it was opened by, where nobody
    is left whom it could make an administrator instead. Whether the directory has a say is another rule's.
    """
    if not is_own:
        return Refused(
            Code.RECOVERY_RETURN,
            "A recovery session makes nobody active but the member it was opened by.",
            fix="Sign in as usual for it.",
        )
    if others_active:
        return Refused(
            Code.RECOVERY_RETURN,
            "Somebody else is active, who can take over.",
            fix="Make one of them an administrator under Members.",
        )
    return Allowed()
