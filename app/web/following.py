"""The answer to whatever `next_step` decided: a page or a redirect, and the session cookie when there is one."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.rules.factors import Verdict
from app.rules.sessions import SessionKind
from app.services import organizations
from app.services.factors import Checked
from app.services.flows import Purpose
from app.services.steps import (
    AskCode,
    AskConsent,
    AskEnrollment,
    AskFactor,
    GoToProvider,
    NextStep,
    SignedIn,
    Tested,
    TurnedAway,
)
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.authentication import RecoveryCodesPage
from app.web.presentation.elements import Form
from app.web.presentation.sign_in import (
    BackupCodesPage,
    CodePage,
    ConsentPage,
    EnrollmentPage,
    FactorPage,
    LeavingPage,
    RefusedPage,
)
from app.web.qr import qr_code
from app.web.return_to import sign_in_address
from app.web.shell import development_notice, see, show, with_entry
from app.web.wording import count

_CODE_TEMPLATES = {Purpose.RECOVER: "recover_code.html"}
_MINUTE = timedelta(minutes=1)
_GROUP = 4


def follow(step: NextStep) -> ResponseReturnValue:
    """The answer in which the browser learns of this step. What it is asked for next stands at an address of its own,
    so that a page that is loaded again asks the same.
    """
    match step:
        case AskCode(wrong=False) | AskFactor(failed=None) | AskEnrollment(failed=None) | AskConsent():
            return see(f"/sign-in/continue?flow={step.flow_id}")
        case AskCode() | AskFactor() | AskEnrollment():
            return _ask(step)
        case SignedIn():
            return current.sign_in_browser(_welcome(step), step.token)
        case _:
            return _elsewhere(step)


def stay(step: NextStep) -> ResponseReturnValue:
    """The same, with what is asked for in this very answer."""
    return _ask(step) if isinstance(step, AskCode | AskFactor | AskEnrollment | AskConsent) else follow(step)


def _ask(step: AskCode | AskFactor | AskEnrollment | AskConsent) -> Response:
    match step:
        case AskConsent():
            return _consent_page(step)
        case AskCode():
            return _code_page(step)
        case AskFactor():
            return _factor_page(step)
        case AskEnrollment():
            return _enrollment_page(step)


def _elsewhere(step: GoToProvider | Tested | TurnedAway) -> Response:
    match step:
        case GoToProvider():
            url = current.kinds()[step.protocol].start(step.revision, step.flow)
            return show("sign_in/leaving.html", LeavingPage(provider="your identity provider", url=url))
        case Tested():
            connections = "/setup/sso" if step.by_link else "/settings/connections"
            return see(f"{connections}/{step.connection_id}/tests/{step.flow_id}")
        case TurnedAway():
            return _turned_away(step)


def _consent_page(step: AskConsent) -> Response:
    person = current.signed_in_or_none()
    page = ConsentPage(
        organization=step.organization,
        email=step.email,
        provider=step.provider,
        action=f"/sign-in/consent?flow={step.flow_id}",
        signed_in_as=person.email if person is not None and person.email != step.email else "",
    )
    return show("sign_in/consent.html", page)


def _code_page(step: AskCode) -> Response:
    errors = {"code": "That is not the code. Check the latest message."} if step.wrong else {}
    page = CodePage(
        email=step.email,
        is_founding=step.purpose is Purpose.START,
        action=f"/sign-in/code?flow={step.flow_id}",
        form=Form(errors=errors),
        development=development_notice(),
        provider="Your identity provider",
        again_href=sign_in_address(step.return_to),
    )
    template = "sign_in/first_link.html" if step.links_admin else _CODE_TEMPLATES.get(step.purpose, "sign_in/code.html")
    return show(template, page, status=400 if step.wrong else 200)


def _factor_page(step: AskFactor) -> Response:
    page = FactorPage(
        email=step.email,
        action=f"/sign-in/factor?flow={step.flow_id}",
        confirms=step.purpose is Purpose.CONFIRM,
        **_failed_where_typed(step.failed),
    )
    return _after(step.failed, show("sign_in/factor.html", page))


def _failed_where_typed(failed: Checked | None) -> dict[str, Form]:
    """What became of the code, at the field it was typed into."""
    if failed is not None and failed.verdict is Verdict.WRONG and "backup" in request.form:
        sentence = "This is none of your unused backup codes. The recovery codes of your organization do not work here."
        return {"backup_form": Form(errors={"code": sentence})}
    return {"form": _failed(failed)}


def _enrollment_page(step: AskEnrollment) -> Response:
    page = EnrollmentPage(
        email=step.email,
        action=f"/sign-in/authenticator?flow={step.flow_id}",
        qr=qr_code(step.address),
        key=" ".join(step.secret[start : start + _GROUP] for start in range(0, len(step.secret), _GROUP)),
        address=step.address,
        is_asked_for=step.purpose is Purpose.ENROLL,
        form=_failed(step.failed),
    )
    return _after(step.failed, show("sign_in/enroll.html", page))


def _failed(failed: Checked | None) -> Form:
    """The form again, with what became of the code."""
    if failed is None:
        return Form()
    minutes = count(max(1, round(abs(failed.off_by) / _MINUTE)), "minute", "minutes")
    direction = "ahead" if failed.off_by > timedelta(0) else "ago"
    wait = count(max(1, -(-failed.wait // _MINUTE)), "minute", "minutes")
    sentences = {
        Verdict.WRONG: "That is not the right code. Type the one your app shows now.",
        Verdict.USED: "This code was used already. Wait for the next one.",
        Verdict.CLOCK_OFF: f"Your clock seems off: this is a code of about {minutes} {direction}. Have your device set "
        "its time by itself, then try again.",
        Verdict.LOCKED: f"Too many wrong codes. Try again in {wait}.",
    }
    return Form(errors={"code": sentences[failed.verdict]})


def _after(failed: Checked | None, page: Response) -> Response:
    if failed is None:
        return page
    page.status_code = HTTPStatus.BAD_REQUEST
    if failed.verdict is Verdict.LOCKED:
        page.status_code = HTTPStatus.TOO_MANY_REQUESTS
        page.headers["Retry-After"] = str(max(1, int(failed.wait.total_seconds())))
    return page


def _welcome(step: SignedIn) -> Response:
    home = step.return_to or ("/profile?done=backup-code-used" if step.by_backup_code else "/")
    if not step.codes and not step.backup_codes:
        return see(home)
    unit = current.unit()
    made = moment(unit.now, now=unit.now)
    if step.backup_codes:
        own = BackupCodesPage(codes=step.backup_codes, made=made, email=step.member.email, return_to=with_entry(home))
        return show("backup_codes.html", own, session_token=step.token)
    name = organizations.read(unit, step.member.organization_id).name
    page = RecoveryCodesPage(organization=name, codes=step.codes, made=made)
    template = "recovered.html" if step.kind is SessionKind.RECOVERY else "start_done.html"
    return show(template, page, session_token=step.token)


def _turned_away(step: TurnedAway) -> Response:
    now = current.transactions().ports.clock.now()
    reference = step.reference or current.reference()
    page = RefusedPage(
        sentence=step.refused.sentence,
        code=step.refused.facts.get("name", step.refused.code),
        reference=reference,
        at=moment(now, now=now),
        on_record=bool(step.reference),
        fix=step.refused.fix or "",
        may_recover=step.refused.facts.get("recovery") == "open",
    )
    return show("sign_in/refused.html", page, status=403)
