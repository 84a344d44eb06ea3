"""The card of the directories."""

from __future__ import annotations

from datetime import datetime

from app.services.directories import DirectoryState, Provider
from app.services.overview.directories import DirectoryFacts, Needs, TokenFacts
from app.web.moments import moment, moment_or_none
from app.web.presentation import ALLOWED, Change, Choice, Directory, Prerequisite, Token
from app.web.settings.controls import change, prerequisite
from app.web.wording import count

TITLES = {
    Provider.OKTA: "Okta",
    Provider.ENTRA: "Entra ID",
    Provider.GOOGLE: "Google",
    Provider.GENERIC: "Other (SCIM 2.0)",
}
PROVIDERS = tuple(Choice(provider.value, title) for provider, title in TITLES.items())


def directory(facts: DirectoryFacts, *, now: datetime) -> Directory:
    """One directory of the card."""
    mirror = facts.mirror
    return Directory(
        id=facts.id,
        name=facts.name,
        provider=TITLES[facts.provider],
        state=facts.state,
        base_url=facts.base_url,
        tokens=tuple(_token(token, now=now) for token in facts.tokens),
        new_token=ALLOWED,
        prerequisites=_checklist(facts.needs),
        activate=change(facts.may_activate, *_when_activated(facts)),
        deactivate=change(facts.may_deactivate, *_when_deactivated(facts)),
        delete=change(facts.may_delete, *_when_deleted(facts)),
        first_request=moment_or_none(facts.first_request_at, now=now),
        last_request=moment_or_none(facts.last_request_at, now=now),
        users=mirror.users,
        active_users=mirror.active_users,
        groups=mirror.groups,
        not_members=mirror.not_members if facts.state is DirectoryState.ACTIVE else 0,
    )


def _token(token: TokenFacts, *, now: datetime) -> Token:
    used = "It was used before: whatever still pushes with it is refused from the next request on."
    return Token(
        id=token.id,
        label=token.label,
        hint=token.hint,
        created=moment(token.created_at, now=now),
        revoke=Change(ALLOWED, effects=(used if token.last_used_at else "It was never used.",)),
        last_used=moment_or_none(token.last_used_at, now=now),
        expires=moment_or_none(token.expires_at, now=now),
    )


def _checklist(needs: Needs) -> tuple[Prerequisite, ...]:
    admins = f"{count(needs.future_admins, 'person', 'people')} in it would be one."
    lines = [
        prerequisite("A verified domain", needs.set_up),
        prerequisite("An administrator in the directory", needs.admin, detail=admins),
        prerequisite("Stored recovery codes", needs.recovery),
    ]
    alone = prerequisite("No other active directory", needs.alone)
    return tuple(lines) if alone.met else (*lines, alone)


def _when_activated(facts: DirectoryFacts) -> tuple[str, ...]:
    inactive = facts.mirror.users - facts.mirror.active_users
    active = count(
        facts.mirror.active_users,
        "active person in it becomes or stays a member",
        "active people in it become or stay members",
    )
    return (
        f"{active}, where the address is at a verified domain.",
        f"{count(inactive, 'person is', 'people are')} inactive in it: members among them are deactivated."
        if inactive
        else "",
        "Members who are not in the directory stay as they are.",
        "Roles follow its groups where a group is mapped, also against a role granted by hand.",
    )


def _when_deactivated(facts: DirectoryFacts) -> tuple[str, ...]:
    stay = f"{count(facts.mirror.managed, 'member it manages stays', 'members it manages stay')} as they are"
    return (f"{stay}, with the present role as a granted one.", "Pushes are kept and change nobody any more.")


def _when_deleted(facts: DirectoryFacts) -> tuple[str, ...]:
    gone = ("Its base URL answers 404, and its tokens stop working.",)
    return (*_when_deactivated(facts)[:1], *gone) if facts.state is DirectoryState.ACTIVE else gone
