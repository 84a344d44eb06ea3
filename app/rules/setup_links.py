"""Setup links: for how long, how one stands, and what whoever holds one may touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused

LIFETIME = timedelta(days=7)
#: A session that a link has opened; the link may be opened again.
SESSION = timedelta(hours=4)


class Scope(StrEnum):
    """What a link is for."""

    SSO = "sso"
    DIRECTORY = "directory"


class SetupLinkState(StrEnum):
    """`orphaned`: the administrator behind it is none any more, or the key that made it works no longer."""

    OPEN = "open"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ORPHANED = "orphaned"


def state_of(*, closed_as: str | None, is_backed: bool, expires_at: datetime, now: datetime) -> SetupLinkState:
    """How a link stands; `closed_as` is what it was closed as, if it was, `is_backed` whether whoever made it still
    could.
    """
    if closed_as is not None:
        return SetupLinkState(closed_as)
    if now >= expires_at:
        return SetupLinkState.EXPIRED
    return SetupLinkState.OPEN if is_backed else SetupLinkState.ORPHANED


def may_touch_connection(actor: Actor, *, is_active: bool) -> Decision:
    """Whether whoever acts may change this connection or test it. A link's holder never what is in force, not even by
    an edit that would wait for its test.
    """
    if actor.kind is ActorKind.SETUP_LINK and is_active:
        return Refused(
            Code.SETUP_LINK_LIMITED,
            "This connection is in force, and a setup link changes nothing that is.",
            fix="Ask whoever sent you the link to change it.",
        )
    return Allowed()


def may_make_token(actor: Actor, *, is_draft: bool, is_reached: bool) -> Decision:
    """Whether whoever acts may make a token of this directory. With one, a link's holder could read whoever was pushed
    already, and once the directory is active, decide who is a member.
    """
    if actor.kind is not ActorKind.SETUP_LINK:
        return Allowed()
    if not is_draft:
        return _no_token("A setup link makes tokens only of a directory that was never activated.")
    if is_reached:
        return _no_token("This directory is connected already, and a new token would open what was pushed to it.")
    return Allowed()


def _no_token(sentence: str) -> Refused:
    return Refused(Code.SETUP_LINK_LIMITED, sentence, fix="Ask whoever sent you the link to make one.")
