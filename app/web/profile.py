"""A member's own page: who they are here, their authenticator app and backup codes, and their sessions."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import InvalidInputError
from app.services import authentication_policy, confirmations, factors, members, organizations, sessions
from app.services.flows import Purpose
from app.services.overview import activity as read_activity
from app.services.rows import Member
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.attempts import attempt_row
from app.web.following import follow
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import Change, Form, Notice
from app.web.presentation.members import AuthenticatorCard, ProfilePage
from app.web.presentation.sign_in import BackupCodesPage, ConfirmPage
from app.web.return_to import asked_for
from app.web.sessions import session_list
from app.web.settings.controls import control, refusal
from app.web.shell import see, show
from app.web.wording import count, role_reason

pages = Blueprint("profile", __name__)
_PATH = "/profile"
_ATTEMPTS = 10
_NOT_TICKED = Notice("error", "The codes were not confirmed.", "Tick that you have stored them, then confirm.")


@pages.get(_PATH)
def show_profile() -> ResponseReturnValue:
    """Name, role and why, second factor, sessions."""
    page = _page(current.unit())
    return show("profile.html", page, notices=_codes_left(page.authenticator))


@pages.post("/profile/name")
def rename() -> ResponseReturnValue:
    """Another name for oneself."""
    unit, typed = current.unit(), request.form.get("name", "")
    try:
        refused = members.rename(unit, _member(unit), typed)
    except InvalidInputError as error:
        form = Form(values={"name": typed}, errors={"name": error.sentence})
        return show("profile.html", replace(_page(unit), name_form=form), status=400)
    return _again(refusal(refused), status=409) if refused is not None else see("/profile?done=name-changed")


@pages.post("/profile/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    person = current.signed_in()
    sessions.end(current.unit(), person.member_id, session_id, reason="ended_by_member")
    if session_id == person.session_id:
        return current.sign_out_browser(see("/sign-in?signed-out"))
    return see("/profile?done=session-ended")


@pages.post("/profile/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """End all of one's own sessions but this one."""
    unit, person = current.unit(), current.signed_in()
    sessions.end_others(unit, _member(unit), keep=person.session_id, reason="ended_by_member")
    return see("/profile?done=other-sessions-ended#sessions")


@pages.route("/profile/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Show that it is still you: by the identity provider, the authenticator app or an emailed code."""
    person, return_to = current.signed_in(), asked_for() or _PATH
    if request.method == "GET":
        provider = _provider(current.unit(), _member(current.unit()))
        page = ConfirmPage(person.email, return_to, provider=provider, may_recover=person.is_admin)
        return show("confirm.html", page)
    with current.writing() as unit:
        step = confirmations.begin(
            unit,
            Purpose.CONFIRM,
            members.read(unit, person.organization_id, person.member_id),
            session_id=person.session_id,
            browser=current.browser(),
            return_to=return_to,
        )
    return follow(step)


@pages.post("/profile/authenticator")
def set_up_app() -> ResponseReturnValue:
    """Set up an authenticator app, in the place of the present one where there is one."""
    unit, person = current.unit(), current.signed_in()
    judged = factors.may_change_own(unit)
    if isinstance(judged, Refused):
        return _again(refusal(judged), status=409)
    step = confirmations.begin(
        unit,
        Purpose.ENROLL,
        _member(unit),
        session_id=person.session_id,
        browser=current.browser(),
        return_to=f"{_PATH}?done=app-set-up",
    )
    return follow(step)


@pages.post("/profile/backup-codes")
def make_backup_codes() -> ResponseReturnValue:
    """A new set, shown in this one answer."""
    unit, person = current.unit(), current.signed_in()
    codes = factors.make_backup_codes(unit, _member(unit))
    if isinstance(codes, Refused):
        return _again(refusal(codes), status=409)
    return show("backup_codes.html", BackupCodesPage(codes, moment(unit.now, now=unit.now), person.email, _PATH))


@pages.post("/profile/backup-codes/confirm")
def confirm_backup_codes() -> ResponseReturnValue:
    """The codes are stored."""
    if not request.form.get("stored"):
        return _again(_NOT_TICKED, status=400)
    unit = current.unit()
    factors.confirm_backup_codes(unit, _member(unit))
    return see(asked_for() or _PATH)


def _codes_left(card: AuthenticatorCard) -> tuple[Notice, ...]:
    """What to know after one of the backup codes was used."""
    if request.args.get("done") != "backup-code-used" or card.added is None:
        return ()
    left = f"You signed in with a backup code. You have {count(card.codes_left, 'unused one', 'unused ones')} left."
    return (Notice("warning", left, "If you have lost the app, set up another one below; new codes come with it."),)


def _provider(unit: UnitOfWork, member: Member) -> str:
    """The connection through which they sign in, "" for those who do without."""
    connection = confirmations.connection_of(unit, member)
    return connection.name if connection is not None else ""


def _member(unit: UnitOfWork) -> Member:
    person = current.signed_in()
    return members.read(unit, person.organization_id, person.member_id)


def _again(notice: Notice, *, status: int) -> ResponseReturnValue:
    return show("profile.html", _page(current.unit()), status=status, notices=(notice,))


def _page(unit: UnitOfWork) -> ProfilePage:
    person, member = current.signed_in(), _member(unit)
    explained = members.explain(unit, member)
    return ProfilePage(
        name=member.name,
        email=member.email,
        organization=organizations.read(unit, member.organization_id).name,
        role=explained.role_name,
        why=role_reason(explained),
        authenticator=_authenticator(unit, member),
        sessions=session_list(unit, member.id, current=person.session_id, path=_PATH),
        attempts=tuple(
            attempt_row(facts, now=unit.now)
            for facts in read_activity.attempts_of(unit, member.organization_id, member.id, limit=_ATTEMPTS)
        ),
        managed_by=explained.managed_by,
        name_form=Form(values={"name": member.name}),
    )


def _authenticator(unit: UnitOfWork, member: Member) -> AuthenticatorCard:
    facts = factors.of_member(unit, member.id)
    judged = factors.may_change_own(unit)
    may_change = control(judged, at="authenticator")
    if facts is None:
        return AuthenticatorCard(
            set_up=Change(may_change),
            make_codes=Change(may_change),
            is_required=authentication_policy.is_required(unit, member.organization_id),
            provider=_provider(unit, member),
        )
    void = f"{facts.left} unused of the present set stop working at once." if facts.left else ""
    return AuthenticatorCard(
        set_up=Change(may_change, effects=("The present app and its backup codes stop working.",)),
        make_codes=Change(may_change, effects=(void,) if void else ()),
        added=moment(facts.created_at, now=unit.now),
        used=moment_or_none(facts.last_used_at, now=unit.now),
        codes_left=facts.left,
        codes_stored=facts.confirmed,
    )
