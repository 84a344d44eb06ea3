"""The cards of recovery codes, administrators and holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.rules.factors import MfaPolicy
from app.services.authentication_policy import AuthenticationPolicy
from app.services.overview.people import AdministratorFacts, HoldFacts
from app.services.overview.recovery import RecoveryFacts
from app.services.rows import Enrollment
from app.web.moments import moment, moment_or_none
from app.web.presentation.authentication import Administrator, Hold, RecoveryCodes, SecondFactor
from app.web.presentation.elements import ALLOWED, Form
from app.web.settings.controls import change, control
from app.web.wording import count, role_reason, way_in_sentence

#: How somebody came in by recovery -> with what, as the box of recovery codes says it.
_RECOVERED_WITH = {
    "recovery code": "with a code",
    "the server's own command line": "with a link made on the server, which uses no code up",
}


def recovery_codes(facts: RecoveryFacts, form: Form, *, now: datetime) -> RecoveryCodes:
    """The box of recovery codes."""
    void = f"{count(facts.left, 'unused code', 'unused codes')} of the present set stop working at once."
    again = "Somebody has to confirm that the new set is stored."
    return RecoveryCodes(
        total=facts.total,
        left=facts.left,
        make=change(facts.may_make, void if facts.left else "", again, at="recovery-codes"),
        confirm=ALLOWED,
        made=moment_or_none(facts.made_at, now=now),
        confirmed=moment_or_none(facts.confirmed_at, now=now),
        confirmed_by=facts.confirmed_by,
        gone=facts.gone,
        used=moment_or_none(facts.used_at, now=now),
        used_by=facts.used_by,
        used_with=_RECOVERED_WITH.get(facts.used_how, facts.used_how),
        drilled=moment_or_none(facts.drilled_at, now=now),
        drilled_by=facts.drilled_by,
        form=form,
    )


def second_factor(policy: AuthenticationPolicy, enrollment: Enrollment) -> SecondFactor:
    """The box of the MFA requirement."""
    is_required = policy.mfa is MfaPolicy.REQUIRED
    judged = policy.available["release_mfa" if is_required else "require_mfa"]
    return SecondFactor(
        is_required=is_required,
        turn=control(judged, at="security"),
        enrolled=enrollment.enrolled,
        without=enrollment.without,
        applies_to=_applies_to(is_required=is_required, has_sso=policy.connection_id is not None),
        some_without=enrollment.some_without,
    )


def _applies_to(*, is_required: bool, has_sso: bool) -> str:
    if has_sso:
        guests = "guests who use emailed codes" if is_required else "nobody"
        return f"Who comes through the identity provider is asked there. Here it applies to {guests}."
    if is_required:
        return "Everyone is asked for a code of their app; whoever has none sets one up at their next sign-in."
    return "Only those who have set an app up on their profile are asked for a code."


def administrator(facts: AdministratorFacts, *, you: str, now: datetime) -> Administrator:
    """One row of the table of administrators."""
    person = facts.person
    return Administrator(
        member_id=person.id,
        name=person.name,
        email=person.email,
        source=person.explained.source,
        why=role_reason(person.explained),
        way_in=way_in_sentence(facts.way_in, facts.then),
        usable=facts.usable,
        proven=moment_or_none(person.last_signed_in_at, now=now),
        missing=" ".join(facts.missing),
        is_you=person.id == you,
    )


def hold(facts: HoldFacts, *, now: datetime) -> Hold:
    """One administrator on hold, with what would settle it."""
    person, source = facts.person, facts.directory or "The directory"
    happened = (
        f"{source} deactivated {person.name}, the last administrator who could sign in"
        if facts.deactivated
        else f"{source} took the admin role from {person.name}, the last administrator who could sign in"
    )
    meaning = (
        "They come in with a recovery code only."
        if facts.deactivated
        else "They sign in as usual and can change these settings."
    )
    ends = "The hold ends by itself as soon as another administrator can get in, and their admin role with it."
    if facts.directory:
        ends = "As soon as another administrator can get in, the hold ends by itself and the directory's word counts."
    return Hold(
        member_id=person.id,
        name=person.name,
        email=person.email,
        since=moment(facts.since or now, now=now),
        happened=happened,
        meaning=meaning,
        against="although the directory says otherwise" if facts.directory else "after the directory took that away",
        repairs=tuple(_repairs(facts)),
        ends=ends,
    )


def _repairs(facts: HoldFacts) -> Iterator[str]:
    name = facts.person.name
    if facts.directory:
        mapped = "into a group that is mapped to admin"
        yield (
            f"In {facts.directory}: activate them again, or put somebody {mapped} who then signs in."
            if facts.deactivated
            else f"In {facts.directory}: put them back {mapped}, or somebody else who then signs in."
        )
    if facts.others_active:
        yield "Under Members: make somebody else an administrator who has signed in, where no group decides their role."
    if facts.directory:
        yield f"In a recovery session of {name}: turn the directory off."
    elif facts.deactivated and not facts.others_active:
        yield f"In a recovery session of {name}, as nobody else is active: make them active again, on their page."
    elif not facts.others_active:
        yield "Invite somebody, or make somebody active again, and make them an administrator once they have signed in."
