"""Decisions as people meet them: a control that says why it is not available, a line of a checklist, a notice."""

from __future__ import annotations

from urllib.parse import quote

from flask import request

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.web.presentation.elements import ALLOWED, Change, Control, Notice, Prerequisite

PAGE = "/settings/authentication"
_DOMAINS = ("Go to Domains", f"{PAGE}#domains")
_SINGLE_SIGN_ON = ("Go to Single Sign-On", f"{PAGE}#single-sign-on")
_DIRECTORY = ("Go to Directory provisioning", f"{PAGE}#directory")
_GROUPS = ("Go to Groups and roles", f"{PAGE}#directory-mappings")
_CODES = ("Go to the recovery codes", f"{PAGE}#recovery-codes")
_MEMBERS = ("Go to Members", "/settings/members")

_CONFIRM = "Confirm that it is you"


def confirm_address(return_to: str) -> str:
    """Where somebody shows that it is still them, on the way to a page."""
    return f"/profile/confirm?next={quote(return_to, safe='')}"


#: Where what a refusal asks for can be done.
_PLACES: dict[Code, tuple[str, str]] = {
    Code.VERIFIED_DOMAIN_REQUIRED: _DOMAINS,
    Code.OWN_DOMAIN_REQUIRED: _DOMAINS,
    Code.GUESTS_REFUSED: ("Go to Who else comes in", f"{PAGE}#admission"),
    Code.DOMAIN_IN_USE: _SINGLE_SIGN_ON,
    Code.ANOTHER_DIRECTORY_ACTIVE: _DIRECTORY,
    Code.DIRECTORY_ADMIN_REQUIRED: _GROUPS,
    Code.RECOVERY_CODES_REQUIRED: _CODES,
    Code.LAST_ADMINISTRATOR: _MEMBERS,
    Code.LAST_HELD_ADMINISTRATOR: _MEMBERS,
    Code.DIRECTORY_HOLDS_ADMIN: _MEMBERS,
    Code.TEST_WOULD_NOT_BE_ADMIN: _MEMBERS,
    Code.OWN_HOLD: _MEMBERS,
    Code.MFA_WITH_SINGLE_SIGN_ON: _SINGLE_SIGN_ON,
    Code.MFA_ENROLLMENT_REQUIRED: ("Go to your profile", "/profile#authenticator"),
    Code.FACTOR_OWN: ("Go to your profile", "/profile#authenticator"),
}
_CONFIRM_FIRST = frozenset({Code.RECENT_SIGN_IN_REQUIRED, Code.MFA_PROOF_REQUIRED})
#: Where forms stand that are not on the authentication page, by blueprint.
_PAGES = {
    "members": "/settings/members",
    "invitations": "/settings/members#invitations",
    "roles": "/settings/roles",
    "keys": "/settings/keys",
    "setup_links": "/settings/setup-links",
    "profile": "/profile",
}
IN_RECOVERY = Control(allowed=False, reason="A recovery session cannot do this; sign in as usual for it.")


def control(decision: Decision, *, at: str = "") -> Control:
    """Whether a button may be pressed; if not, why, and where to change that. `at` is the part of the page that holds
    it, for whoever has to confirm first and comes back.
    """
    if isinstance(decision, Allowed):
        return ALLOWED
    label, href = _place(decision, at)
    return Control(allowed=False, reason=_with_fix(decision), fix_label=label, fix_href=href)


def change(decision: Decision, *effects: str, at: str = "") -> Change:
    """A control with what it would do; empty sentences are left out."""
    return Change(control(decision, at=at), effects=tuple(effect for effect in effects if effect))


def prerequisite(label: str, decision: Decision, *, detail: str = "") -> Prerequisite:
    """One line of a checklist; `detail` is how it stands when it is met."""
    if isinstance(decision, Allowed):
        return Prerequisite(label, met=True, detail=detail)
    place, href = _place(decision)
    return Prerequisite(label, met=False, detail=_with_fix(decision), fix_label=place, fix_href=href)


def refusal(refused: Refused) -> Notice:
    """The notice of a change that was not made."""
    label, href = _place(refused)
    return Notice("error", refused.sentence, refused.fix or "", link_label=label, link_href=href)


def _place(refused: Refused, at: str = "") -> tuple[str, str]:
    """A link's words and where it leads; a domain may be in use by the directory alone."""
    if refused.code in _CONFIRM_FIRST:
        return _CONFIRM, confirm_address(f"{_page()}#{at}" if at else _page())
    if refused.facts.get("needed_by") == "directory":
        return _DIRECTORY
    return _PLACES.get(refused.code, ("", ""))


def _page() -> str:
    """The page that somebody looks at, or that held the form they sent."""
    blueprint = request.blueprint or ""
    if blueprint == "member":
        return f"/settings/members/{(request.view_args or {})['member_id']}"
    return _PAGES.get(blueprint, PAGE)


def _with_fix(refused: Refused) -> str:
    return f"{refused.sentence} {refused.fix}" if refused.fix else refused.sentence
