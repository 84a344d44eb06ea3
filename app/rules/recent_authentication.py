"""Which changes ask whoever makes them who they are once more, so that nobody makes them with a browser they only found
open.

The rule: a change asks when it gives somebody power or takes a protection away. What takes power from somebody (a
suspension, a removal, a revoked key, an ended session) never does: an offboarding is not to wait for a code. Nor does
going back to the settings of a connection that were in force before: it repairs what people would be asked through.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.events import EventType

#: How long it counts that somebody was asked who they are.
RECENT = timedelta(minutes=15)

#: What gives power whatever its particulars: to who has a code or a token, to an identity provider, to a directory.
_GIVES_POWER = frozenset(
    {
        EventType.KEY_CREATED,
        EventType.DIRECTORY_TOKEN_CREATED,
        EventType.SETUP_LINK_CREATED,
        EventType.RECOVERY_CODES_CREATED,
        EventType.MEMBER_BACKUP_CODES_CREATED,
        EventType.MEMBER_FACTOR_ENROLLED,
        EventType.CONNECTION_ACTIVATED,
        EventType.CONNECTION_REVISION_APPLIED,
        EventType.DIRECTORY_ACTIVATED,
    }
)
_TAKES_PROTECTION = frozenset(
    {
        EventType.MEMBER_FACTOR_RESET,
        EventType.ORGANIZATION_MFA_RELEASED,
        EventType.CONNECTION_DEACTIVATED,
        EventType.DIRECTORY_DEACTIVATED,
        EventType.DIRECTORY_DELETED,
    }
)
ASKS = _GIVES_POWER | _TAKES_PROTECTION
_AT_A_BROWSER = frozenset({ActorKind.MEMBER, ActorKind.SETUP_LINK})
#: Of which directory, `rules.setup_links` says.
_OPEN_TO_HOLDERS = frozenset({EventType.DIRECTORY_TOKEN_CREATED})


def is_recent(asked_at: datetime | None, now: datetime) -> bool:
    """Whether it still counts that somebody was asked at this time."""
    return asked_at is not None and now - asked_at <= RECENT


def judge(actor: Actor, action: str, *, now: datetime, is_sensitive: bool = False) -> Decision:
    """Whether a member who does `action` was asked lately, where it asks.

    `is_sensitive` is true where the particulars of this very change make it one that asks: it makes an administrator,
    say, or lets sessions last longer. Programs, operators and directories cannot be asked; a recovery session is
    minutes old, and begins with more than is asked for here. Whoever holds a setup link cannot be asked either, so that
    what asks is not for them, but for the token that their link is for.
    """
    asks = is_sensitive or action in ASKS
    if not asks or actor.kind not in _AT_A_BROWSER or is_recent(actor.asked_at, now):
        return Allowed()
    if actor.kind is ActorKind.SETUP_LINK and action in _OPEN_TO_HOLDERS:
        return Allowed()
    return Refused(
        Code.RECENT_SIGN_IN_REQUIRED,
        "It is not known that you were asked who you are within the last 15 minutes.",
        fix="Confirm that it is you, then do this.",
    )
