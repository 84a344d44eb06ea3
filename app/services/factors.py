"""Authenticator apps and their backup codes: set up, asked for, locked after too many wrong codes, reset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp

from app.ports.mail import Mail
from app.rules import codes as spelling
from app.rules import prerequisites
from app.rules.actor import ActorKind
from app.rules.decisions import Decision, Refused
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.factors import BACKUP_CODES, NOTICED_DRIFT, STEP, Judged, Method, Verdict, as_issuer, judge
from app.rules.ids import Prefix
from app.services import mailbox, recent_authentication
from app.services.unit_of_work import UnitOfWork
from app.store import factors, organizations, sign_ins
from app.store.factors import BackupCode, Factor
from app.store.members import Member

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a code: `method` where it was right, `off_by` where a clock is wrong, `wait` where none is looked
    at.
    """

    verdict: Verdict
    method: Method | None = None
    off_by: timedelta = timedelta(0)
    wait: timedelta = timedelta(0)
    has_just_locked: bool = False


@dataclass(frozen=True, slots=True)
class FactorFacts:
    """A member's authenticator app, as people see it; `left` of its backup codes are unused, and `confirmed` says that
    the member has stored them.
    """

    id: str
    created_at: datetime
    last_used_at: datetime | None
    left: int
    confirmed: bool
    wait: timedelta | None


def new_secret(unit: UnitOfWork) -> str:
    """A secret for an authenticator app; it counts for nothing until a code of it was typed."""
    return unit.ports.randomness.authenticator_secret()


def address_of(unit: UnitOfWork, member: Member, secret: str) -> str:
    """The `otpauth://` address that an authenticator app reads from the QR code."""
    organization = organizations.find(unit.session, member.organization_id)
    issuer = as_issuer(organization.name) if organization is not None else "Doorward"
    return pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name=issuer)


def try_out(unit: UnitOfWork, secret: str, code: str) -> Checked:
    """Whether `code` shows that an app has this secret, before it is stored."""
    judged = _judge(unit, secret, code, last_step=None)
    return Checked(judged.verdict, Method.TOTP if judged.step else None, judged.off_by)


def enroll(
    unit: UnitOfWork, member: Member, secret: str, code: str, *, keep_session: str | None = None
) -> tuple[str, ...]:
    """Store the secret, once a code of it was tried out; that code is used up. Backup codes, to be shown once.

    It takes the place of an earlier factor. The member's other sessions end: whoever has found one open stays outside.
    """
    unit.lock(member.organization_id)
    _forget(unit, member)
    judged = _judge(unit, secret, code, last_step=None)
    factor = Factor(
        id=(id_ := unit.id(Prefix.FACTOR)),
        organization_id=member.organization_id,
        member_id=member.id,
        sealed_secret=unit.ports.sealing.seal(secret, place=_place(id_)),
        created_at=unit.now,
        last_used_at=unit.now,
        last_step=judged.step,
        wrong_in_a_row=0,
        wrong_in_a_day=0,
    )
    unit.session.add(factor)
    member.enrolled_at = unit.now
    unit.flush()
    sign_ins.end_others(unit.connection, member.id, keep=keep_session, now=unit.now, reason="factor_changed")
    _tell(unit, member, EventType.MEMBER_FACTOR_ENROLLED, factor=id_)
    _mail(unit, member, "An authenticator app was set up", "An authenticator app was set up for your account.")
    return _make_codes(unit, factor)


def check(unit: UnitOfWork, member: Member, code: str) -> Checked:
    """Judge a code of the member's app, or one of their backup codes, which is used up. Wrong ones are counted."""
    return _check(unit, member, code, backup_codes=True)


def check_app(unit: UnitOfWork, member: Member, code: str) -> Checked:
    """As `check`, where no backup code will do."""
    return _check(unit, member, code, backup_codes=False)


def _check(unit: UnitOfWork, member: Member, code: str, *, backup_codes: bool) -> Checked:
    unit.lock(member.organization_id)
    factor = factors.lock(unit.session, member.id)
    if factor is None or not (backup_codes or _is_totp(code)):
        return Checked(Verdict.WRONG)
    wait = factor.tries.locked_for(unit.now)
    if wait is not None:
        return Checked(Verdict.LOCKED, wait=wait)
    checked = _check_totp(unit, factor, code) if _is_totp(code) else _check_backup_code(unit, factor, member, code)
    if checked.verdict is Verdict.RIGHT:
        factor.tries = factor.tries.after_right()
        if checked.method is Method.TOTP:
            factor.last_used_at = unit.now
        return checked
    factor.tries = factor.tries.after_wrong(unit.now)
    wait = factor.tries.locked_for(unit.now)
    return checked if wait is None else _lock(unit, factor, member, wait)


def of_member(unit: UnitOfWork, member_id: str) -> FactorFacts | None:
    """The member's authenticator app, if they have one."""
    factor = factors.of_member(unit.session, member_id)
    if factor is None:
        return None
    return FactorFacts(
        id=factor.id,
        created_at=factor.created_at,
        last_used_at=factor.last_used_at,
        left=factors.unused_backup_codes(unit.session, factor.id),
        confirmed=factor.codes_confirmed_at is not None,
        wait=factor.tries.locked_for(unit.now),
    )


def may_change_own(unit: UnitOfWork) -> Decision:
    """Whether whoever acts may set up an app or make backup codes for themselves."""
    return recent_authentication.judge(unit, EventType.MEMBER_FACTOR_ENROLLED)


def make_backup_codes(unit: UnitOfWork, member: Member) -> tuple[str, ...] | Refused:
    """A new set, to be shown once; the old one is void. Raises NotFoundError."""
    unit.lock(member.organization_id)
    decision = may_change_own(unit)
    if isinstance(decision, Refused):
        return unit.refuse(member.organization_id, EventType.MEMBER_BACKUP_CODES_CREATED, decision, subject=member.id)
    factor = _locked(unit, member)
    _mail(unit, member, "You have new backup codes", "New backup codes were made for your account; the old are void.")
    return _make_codes(unit, factor)


def confirm_backup_codes(unit: UnitOfWork, member: Member) -> None:
    """The member says that the codes are stored. Raises NotFoundError."""
    _locked(unit, member).codes_confirmed_at = unit.now


def may_reset(unit: UnitOfWork, member_id: str) -> Decision:
    """Whether whoever acts may take this member's authenticator app away."""
    decision = prerequisites.reset_factor(actor=unit.actor, member_id=member_id)
    return recent_authentication.judge(unit, EventType.MEMBER_FACTOR_RESET, first=decision)


def reset(unit: UnitOfWork, member: Member, factor_id: str) -> Refused | None:
    """Take a member's authenticator app away: they sign in without, or set one up anew. Their sessions end, and they
    are told by mail. Raises NotFoundError.
    """
    unit.lock(member.organization_id)
    if _locked(unit, member).id != factor_id:
        raise _no_factor()
    decision = may_reset(unit, member.id)
    if isinstance(decision, Refused):
        return unit.refuse(member.organization_id, EventType.MEMBER_FACTOR_RESET, decision, subject=member.id)
    _forget(unit, member)
    member.enrolled_at = None
    unit.flush()
    if unit.actor.kind is ActorKind.RECOVERY:  # its owner resets their own, and goes on in that session
        sign_ins.end_full_sessions(unit.connection, [member.id], now=unit.now, reason="factor_reset")
    else:
        sign_ins.end_sessions(unit.connection, [member.id], now=unit.now, reason="factor_reset")
    gone = {"factor": factor_id}
    unit.audit(member.organization_id, EventType.MEMBER_FACTOR_RESET, subject=member.id, before=gone)
    unit.event(member.organization_id, EventType.MEMBER_FACTOR_RESET, subject=member.id, **gone)
    by = unit.actor.label
    _mail(unit, member, "Your authenticator app was reset", f"{by} has reset the authenticator app of your account.")
    return None


def forget(unit: UnitOfWork, member: Member) -> None:
    """Whoever is removed leaves no factor behind for who comes back one day."""
    _forget(unit, member)
    member.enrolled_at = None


def _check_totp(unit: UnitOfWork, factor: Factor, code: str) -> Checked:
    secret = unit.ports.sealing.unseal(factor.sealed_secret, place=_place(factor.id))
    judged = _judge(unit, secret, code, last_step=factor.last_step)
    if judged.step is None:
        return Checked(judged.verdict, off_by=judged.off_by)
    factor.last_step = judged.step
    return Checked(judged.verdict, Method.TOTP)


def _check_backup_code(unit: UnitOfWork, factor: Factor, member: Member, code: str) -> Checked:
    for digest in unit.ports.sealing.code_digests(spelling.typed(code), place=_place(factor.id)):
        row = factors.backup_code(unit.session, factor.id, digest)
        if row is None:
            continue
        row.used_at = unit.now
        unit.flush()
        left = factors.unused_backup_codes(unit.session, factor.id)
        _tell(unit, member, EventType.MEMBER_BACKUP_CODE_USED, left=left)
        what = f"Somebody signed in as you with a backup code. Unused codes left: {left}."
        more = f"New ones are made on your profile: {unit.ports.base_url}/profile"
        _mail(unit, member, "A backup code was used", f"{what}\n{more}")
        return Checked(Verdict.RIGHT, Method.BACKUP_CODE)
    return Checked(Verdict.WRONG)


def _lock(unit: UnitOfWork, factor: Factor, member: Member, wait: timedelta) -> Checked:
    _tell(unit, member, EventType.MEMBER_FACTOR_LOCKED, factor=factor.id, seconds=int(wait.total_seconds()))
    text = "Too many wrong codes of your authenticator app were typed after a sign-in with your address."
    _mail(unit, member, "Too many wrong codes", text)
    return Checked(Verdict.LOCKED, wait=wait, has_just_locked=True)


def _judge(unit: UnitOfWork, secret: str, code: str, *, last_step: int | None) -> Judged:
    now_step = (unit.now - _EPOCH) // STEP
    return judge(_squeezed(code), _codes(secret, now_step), now_step=now_step, last_step=last_step)


def _codes(secret: str, now_step: int) -> Mapping[int, str]:
    """Every code that says something, by its step."""
    app = pyotp.TOTP(secret)
    return {step: app.generate_otp(step) for step in range(now_step - NOTICED_DRIFT, now_step + NOTICED_DRIFT + 1)}


def _is_totp(code: str) -> bool:
    return len(_squeezed(code)) <= _DIGITS


def _squeezed(code: str) -> str:
    return "".join(code.split())


def _make_codes(unit: UnitOfWork, factor: Factor) -> tuple[str, ...]:
    codes = tuple(unit.ports.randomness.key(spelling.LENGTH) for _ in range(BACKUP_CODES))
    rows = [
        BackupCode(
            id=unit.id(Prefix.CODE),
            factor_id=factor.id,
            digest=unit.ports.sealing.code_digests(code, place=_place(factor.id))[0],
            created_at=unit.now,
        )
        for code in codes
    ]
    factors.replace_backup_codes(unit.session, factor.id, rows)
    factor.codes_confirmed_at = None
    unit.audit(factor.organization_id, EventType.MEMBER_BACKUP_CODES_CREATED, subject=factor.member_id)
    unit.event(factor.organization_id, EventType.MEMBER_BACKUP_CODES_CREATED, subject=factor.member_id)
    return tuple(map(spelling.spelled, codes))


def _forget(unit: UnitOfWork, member: Member) -> None:
    factor = factors.lock(unit.session, member.id)
    if factor is not None:
        factors.delete_of(unit.session, factor)


def _locked(unit: UnitOfWork, member: Member) -> Factor:
    factor = factors.lock(unit.session, member.id)
    if factor is None:
        raise _no_factor()
    return factor


def _no_factor() -> NotFoundError:
    return NotFoundError("There is no such authenticator app.")


def _tell(unit: UnitOfWork, member: Member, type_: EventType, **data: str | int) -> None:
    unit.audit(member.organization_id, type_, subject=member.id, after=data)
    unit.event(member.organization_id, type_, subject=member.id, **data)


def _mail(unit: UnitOfWork, member: Member, subject: str, what: str) -> None:
    """Whoever's account it is hears of every change of what opens it."""
    if_not_you = "If you do not know why, ask an administrator of your organization at once."
    text = f"{what}\n\nIt happened at {unit.now:%Y-%m-%d %H:%M} UTC. {if_not_you}"
    mailbox.post(unit, Mail(to=member.email, subject=subject, text=text))


def _place(factor_id: str) -> str:
    return f"factors/{factor_id}"
