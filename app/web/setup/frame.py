"""What surrounds the pages of a setup session: whose organization it is, who made the link, how long it lasts."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.setup_links import Scope
from app.services import organizations
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.elements import ALLOWED, Control, Notice
from app.web.presentation.setup_links import Frame
from app.web.shell import development_notice
from app.web.wording import whoever

HOMES = {Scope.SSO: "/setup/sso", Scope.DIRECTORY: "/setup/directory"}
_THEIRS = frozenset({Code.VERIFIED_DOMAIN_REQUIRED, Code.OWN_DOMAIN_REQUIRED, Code.ACTING_ADMIN_REQUIRED})
_NOT_NOW = Control(
    allowed=False,
    reason="This cannot be set up at the moment: the organization has to verify its domain first. Ask whoever sent "
    "you the link.",
)
_NOTICES = {
    "connection-saved": Notice("success", "Connection saved. Make a test sign-in next."),
    "setup-discarded": Notice("success", "Setup discarded."),
    "connection-renamed": Notice("success", "Connection renamed."),
    "directory-added": Notice("success", "Directory created. Make a token and paste both into the identity provider."),
}


def show(template: str, page: object, *, status: int = 200, notices: tuple[Notice, ...] = ()) -> Response:
    """A page of a setup session."""
    told = _NOTICES.get(request.args.get("done", ""))
    frame = _frame(notices if told is None else (told, *notices))
    response = make_response(render_template(template, page=page, frame=frame, form_token=current.form_token()))
    response.status_code = status
    return response


def told(refused: Refused) -> Notice:
    """A refusal as it is told here. What an administrator has to mend is theirs to read."""
    if refused.code in _THEIRS:
        return Notice("error", _NOT_NOW.reason)
    return Notice("error", refused.sentence, refused.fix or "")


def control(decision: Decision) -> Control:
    """Whether a button may be pressed; if not, why, without the way to a page that is not open here."""
    if isinstance(decision, Allowed):
        return ALLOWED
    if decision.code in _THEIRS:
        return _NOT_NOW
    return Control(allowed=False, reason=f"{decision.sentence} {decision.fix or ''}".strip())


def _frame(notices: tuple[Notice, ...]) -> Frame:
    holder = current.holder()
    with current.reading() as unit:
        return Frame(
            organization=organizations.read(unit, holder.organization_id).name,
            made_by=whoever(holder.made_by),
            home=HOMES[holder.scope],
            until=moment(holder.expires_at, now=unit.now),
            notices=notices,
            development=development_notice(),
        )
