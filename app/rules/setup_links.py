"""Setup links: for how long, how one stands, and what whoever holds one may touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused

LIFETIME = timedelta(days=7)
#: A session that a link has opened; the link may be opened again.
SESSION = timedelta(hours=4)
#: Connections or directories of an organization, and edits of one connection, up to which a holder adds more.
_MOST = 10
_MOST_REVISIONS = 50


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


def may_add(actor: Actor, *, there: int) -> Decision:
    """Whether whoever acts may add a connection or directory to those that are there. What a link's holder makes stays
    when the link is gone, and stands on the page that administrators depend on.
    """
    if actor.kind is ActorKind.SETUP_LINK and there >= _MOST:
        return Refused(
            Code.SETUP_LINK_LIMITED,
            f"There are {there} already, and a setup link adds no more.",
            fix="Ask whoever sent you the link to delete what is not needed.",
        )
    return Allowed()


def may_touch_connection(actor: Actor, *, is_active: bool, revisions: int = 0) -> Decision:
    """Whether whoever acts may change this connection or test it. A link's holder never what is in force, not even by
    an edit that would wait for its test; and not without end, because each edit is kept.
    """
    if actor.kind is ActorKind.SETUP_LINK and revisions >= _MOST_REVISIONS:
        return Refused(
            Code.SETUP_LINK_LIMITED,
            f"This connection was edited {revisions} times, and a setup link edits it no more.",
            fix="Make another connection.",
        )
    if actor.kind is ActorKind.SETUP_LINK and is_active:
        return Refused(
            Code.SETUP_LINK_LIMITED,
            "This connection is in force, and a setup link changes nothing that is.",
            fix="Ask whoever sent you the link to change it.",
        )
    return Allowed()


def may_make_token(actor: Actor, *, is_draft: bool, is_reached: bool, has_token: bool) -> Decision:
    """Whether whoever acts may make a token of this directory. With one, a link's holder could read whoever was pushed
    already, and once the directory is active, decide who is a member; so they make none beside another, which nobody
    would miss among those in use.
    """
    if actor.kind is not ActorKind.SETUP_LINK:
        return Allowed()
    if not is_draft:
        return _no_token("A setup link makes tokens only of a directory that was never activated.")
    if is_reached:
        return _no_token("This directory is connected already, and a new token would open what was pushed to it.")
    if has_token:
        return _no_token("This directory has a token already, and a setup link makes no second one.")
    return Allowed()


def _no_token(sentence: str) -> Refused:
    return Refused(Code.SETUP_LINK_LIMITED, sentence, fix="Ask whoever sent you the link to make one.")
