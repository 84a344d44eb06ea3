"""What surrounds a page: whose it is, which notices stand on top, and how a template is filled."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from flask import Response, current_app, make_response, render_template, request

from app.rules.ids import Prefix, is_id
from app.services import organizations
from app.services.sessions import SignedIn
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.elements import Notice, Shell

_NOTICES = {
    "domain-added": Notice("success", "Domain added. Publish the record, then check."),
    "domain-verified": Notice("success", "The domain is verified."),
    "domain-not-found": Notice("warning", "The record was not found yet.", "What the last check saw stands below."),
    "domain-removed": Notice("success", "Domain removed."),
    "connection-saved": Notice("success", "Connection saved. Make a test sign-in next."),
    "connection-renamed": Notice("success", "Connection renamed."),
    "connection-activated": Notice("success", "Single sign-on is required from now on."),
    "connection-moved": Notice("success", "Everyone signs in through this connection from now on."),
    "connection-deactivated": Notice("success", "Single sign-on is off. Everyone signs in by email."),
    "revision-applied": Notice(
        "success", "The new settings are in force.", "Should anything be wrong with them: go back below."
    ),
    "revision-restored": Notice("success", "The previous settings are in force again."),
    "revision-discarded": Notice("success", "The waiting settings were discarded."),
    "guests-allowed": Notice("success", "Guests sign in with a code by email from now on."),
    "guests-refused": Notice("success", "Guests cannot sign in while single sign-on is required."),
    "jit-on": Notice("success", "A first sign-in makes a member again, unless a directory decides."),
    "jit-off": Notice("success", "A first sign-in makes nobody a member any more."),
    "connection-deleted": Notice("success", "Connection deleted."),
    "directory-added": Notice("success", "Directory created. Make a token and paste both into the identity provider."),
    "directory-activated": Notice("success", "Membership and roles follow the directory from now on."),
    "directory-deactivated": Notice("success", "The directory no longer has effects."),
    "directory-deleted": Notice("success", "Directory deleted."),
    "alarm-dismissed": Notice("success", "Alarm dismissed."),
    "token-revoked": Notice("success", "Token revoked."),
    "mapping-added": Notice("success", "Mapping added."),
    "mapping-removed": Notice("success", "Mapping removed."),
    "role-added": Notice("success", "Role added. Map a group to it, or give it to somebody by hand."),
    "role-renamed": Notice("success", "Role renamed."),
    "roles-reordered": Notice("success", "The roles have a new order."),
    "default-role-changed": Notice("success", "The default role was changed."),
    "role-deleted": Notice("success", "Role deleted."),
    "codes-confirmed": Notice("success", "Recovery codes confirmed as stored."),
    "code-good": Notice("success", "This code works. It was not used up."),
    "name-changed": Notice("success", "Your name was changed."),
    "app-set-up": Notice(
        "success", "Your authenticator app is set up.", "You are asked for its code when you sign in."
    ),
    "sessions-changed": Notice("success", "Saved. Sessions last that long from now on."),
    "mfa-required": Notice("success", "A second factor is required from the next sign-in on."),
    "mfa-released": Notice("success", "A second factor is no longer required. Whoever has one is still asked for it."),
    "factor-reset": Notice("success", "Authenticator app reset.", "Its owner is told by mail and signed out."),
    "invitation-sent": Notice("success", "Invitation sent.", "Its link is good for seven days."),
    "invitation-revoked": Notice("success", "Invitation revoked."),
    "setup-link-sent": Notice("success", "Setup link mailed.", "It is good for seven days."),
    "setup-link-revoked": Notice("success", "Setup link revoked; it opens nothing any more."),
    "key-revoked": Notice("success", "Key revoked."),
    "role-changed": Notice("success", "Role changed."),
    "member-suspended": Notice("success", "Member suspended; their sessions ended."),
    "member-restored": Notice("success", "Suspension lifted."),
    "member-activated": Notice("success", "Member active again."),
    "setup-discarded": Notice("success", "Setup discarded."),
    "member-removed": Notice("success", "Member removed."),
    "session-ended": Notice("success", "Session ended."),
    "sessions-ended": Notice("success", "All sessions ended."),
    "other-sessions-ended": Notice("success", "All other sessions ended.", "You are signed in here only."),
}


def show(
    template: str,
    page: object,
    *,
    status: int = 200,
    notices: tuple[Notice, ...] = (),
    session_token: str | None = None,
) -> Response:
    """A page of ours: `page` is its value from `presentation`; `session_token` is a session this answer opens."""
    token = current.form_token(session_token)
    response = make_response(render_template(template, page=page, shell=shell_or_none(notices), form_token=token))
    response.status_code = status
    return response


def shell_or_none(notices: tuple[Notice, ...] = ()) -> Shell | None:
    """The frame of a signed-in person's page; None before anyone is signed in."""
    person = current.signed_in_or_none()
    if person is None:
        return None
    told = _told(person)
    return _shell(person, notices if told is None else (told, *notices))


def see(location: str) -> Response:
    """After a form: look there with a GET."""
    response = Response(status=303)
    response.headers["Location"] = with_entry(location)
    return response


def with_entry(location: str) -> str:
    """An address whose page says what was done, with the audit entry that this request writes, if it does; any other
    as it is.
    """
    entry, parts = current.latest_entry(), urlsplit(location)
    if not entry or parts.netloc or not parts.query.startswith("done="):
        return location
    return urlunsplit(parts._replace(query=f"{parts.query}&entry={entry}"))


def development_notice() -> str:
    """One sentence while codes go to the console."""
    return str(current_app.config["DOORWARD_DEVELOPMENT"])


def _told(person: SignedIn) -> Notice | None:
    """What the request before did, if it did something; with its audit entry for whoever may read the log."""
    told, entry = _NOTICES.get(request.args.get("done", "")), request.args.get("entry", "")
    if told is None or not is_id(entry, Prefix.AUDIT) or not person.is_admin or person.is_recovery:
        return told
    return replace(told, link_label="View in audit log", link_href=f"/settings/audit?entry={entry}#{entry}")


def _shell(person: SignedIn, notices: tuple[Notice, ...]) -> Shell:
    with current.reading() as unit:
        organization = organizations.read(unit, person.organization_id)
        now = unit.now
    return Shell(
        organization=organization.name,
        name=person.name or person.email,
        email=person.email,
        member_id=person.member_id,
        is_admin=person.is_admin,
        recovery_until=moment(person.expires_at, now=now) if person.is_recovery else None,
        notices=notices,
        development=development_notice(),
    )
