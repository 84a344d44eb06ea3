"""What administrators are told by mail when something happened that they must know of."""

from __future__ import annotations

from datetime import datetime

from app.ports.mail import Mail
from app.rules.decisions import Refused
from app.rules.domains import FAILED_AFTER
from app.rules.expiry import ExpiryWarning
from app.rules.members import MemberState
from app.services import mailbox
from app.services.unit_of_work import UnitOfWork
from app.store import members


def admin_held(unit: UnitOfWork, organization_id: str, *, email: str) -> None:
    """A push would have taken the last usable administrator: their role is held."""
    _tell_administrators(
        unit,
        organization_id,
        subject="Your directory tried to remove the last administrator",
        text=(
            f"A change in your identity provider would have taken the admin role from {email}, the last administrator "
            "who can sign in. Doorward took the change but keeps the role until another administrator can sign in.\n\n"
            "Make another member an administrator, in the identity provider or under Settings, Members. "
            f"If nobody can sign in, use a recovery code at {unit.ports.base_url}/recover."
        ),
        also=email,
    )


def guest_kept(unit: UnitOfWork, organization_id: str, *, email: str, host: str) -> None:
    """The owner of a guest's host wants their address, and they are the last administrator."""
    _tell_administrators(
        unit,
        organization_id,
        subject="Your last administrator is about to leave for another organization",
        text=(
            f"{email} is a guest of yours. The organization that has verified {host} now manages this address, which "
            "ends the membership with you. It goes on only because nobody else with you is an administrator who can "
            "sign in.\n\n"
            "Make another member an administrator and have them sign in, under Settings, Members. The membership of "
            f"{email} ends the next time that organization's identity provider brings the address; they can stay with "
            "you under another address of theirs."
        ),
        also=email,
    )


def recovery_used(unit: UnitOfWork, organization_id: str, *, email: str, how: str, left: int, is_new_set: bool) -> None:
    """Somebody came in by recovery; `left` codes are unused now."""
    codes = (
        "It was the last recovery code; a new set was made and shown to them, and somebody has to confirm it."
        if is_new_set
        else f"{left} unused recovery {'code is' if left == 1 else 'codes are'} left."
    )
    _tell_administrators(
        unit,
        organization_id,
        subject="Someone used recovery to get into Doorward",
        text=f"{email} opened a recovery session ({how}) at {unit.now:%Y-%m-%d %H:%M} UTC. "
        f"{codes} If you do not know why, look at Settings, Activity.",
        also=email,
    )


def mass_change(unit: UnitOfWork, organization_id: str, *, directory: str, people: int, managed: int) -> None:
    """A directory has taken much from many people. Whoever it took out themselves is not told who else is gone."""
    text = (
        f"{directory} has deactivated or demoted {people} of the {managed} people whom it manages within ten minutes. "
        "Doorward has carried that out: whoever was deactivated is signed out, whoever was demoted has the lesser "
        f"role.\n\nWho they are stands at {unit.ports.base_url}/settings/authentication. If it was a mistake, put it "
        "right in the identity provider: what it pushes next counts. What follows in the same burst is added to that "
        "list, without another mail."
    )
    subject = f"{directory} has deactivated or demoted {people} people"
    for admin in members.administrators(unit.session, organization_id):
        if admin.held or (admin.state == MemberState.ACTIVE and not admin.suspended):
            mailbox.post(unit, Mail(to=admin.email, subject=subject, text=text))


def expiry(unit: UnitOfWork, organization_id: str, connection_id: str, warning: ExpiryWarning) -> None:
    """Something on which the active connection relies ends soon or has ended."""
    _tell_administrators(
        unit,
        organization_id,
        subject=warning.sentence.removesuffix("."),
        text=f"{warning.sentence}\n\n{warning.meaning}\n\n{warning.fix}\n\n"
        f"The connection stands at {unit.ports.base_url}/settings/authentication#{connection_id}.",
    )


def domain_verified(unit: UnitOfWork, organization_id: str, domain_id: str, *, host: str) -> None:
    """The record of a domain was found while nobody was looking."""
    _tell_administrators(
        unit,
        organization_id,
        subject=f"{host} is verified",
        text=(
            f"Doorward found the DNS record of {host}: the domain counts as yours. Addresses at {host} can use single "
            "sign-on and come from your directory. Leave the record in place; Doorward looks for it twice a day.\n\n"
            f"{_where_domain_stands(unit, domain_id)}"
        ),
    )


def domain_given_up(
    unit: UnitOfWork, organization_id: str, domain_id: str, *, host: str, refused: Refused | None
) -> None:
    """A domain was not verified in time: nobody looks for its record any more. `refused` is why, where it is there."""
    what = "see that the record is published as the page shows it, and "
    if refused is not None:
        what = f"the record is there, but: {refused.sentence} {refused.fix or ''}".rstrip() + " Then "
    _tell_administrators(
        unit,
        organization_id,
        subject=f"{host} was not verified within {FAILED_AFTER.days} days",
        text=(
            f"Doorward has looked for the DNS record of {host} for {FAILED_AFTER.days} days and has stopped now. The "
            f"domain stays unverified: nobody at {host} can use single sign-on or come from your directory.\n\n"
            f"If you still want it, {what}press Check now: that "
            f"says what was found, and begins another {FAILED_AFTER.days} days. Otherwise remove the domain.\n\n"
            f"{_where_domain_stands(unit, domain_id)}"
        ),
    )


def domain_record_missing(
    unit: UnitOfWork, organization_id: str, domain_id: str, *, host: str, since: datetime
) -> None:
    """The record of a verified domain has vanished, and not for an hour only."""
    _tell_administrators(
        unit,
        organization_id,
        subject=f"The DNS record of {host} is gone",
        text=(
            f"Doorward has not found the DNS record of {host} since {since:%Y-%m-%d %H:%M} UTC. Nothing is turned off: "
            f"the domain stays verified, and everybody at {host} signs in as before.\n\n"
            "Somebody may have removed the record, or the domain may have expired or moved to another DNS provider. "
            "See that the domain is still yours, and publish the record again as the page shows it.\n\n"
            f"{_where_domain_stands(unit, domain_id)}"
        ),
    )


def _where_domain_stands(unit: UnitOfWork, domain_id: str) -> str:
    return f"The domain stands at {unit.ports.base_url}/settings/authentication#{domain_id}."


def _tell_administrators(unit: UnitOfWork, organization_id: str, *, subject: str, text: str, also: str = "") -> None:
    admins = members.administrators(unit.session, organization_id)
    addresses = {admin.email for admin in admins if members.may_recover(admin)} | ({also} if also else set())
    for address in sorted(addresses):
        mailbox.post(unit, Mail(to=address, subject=subject, text=text))
