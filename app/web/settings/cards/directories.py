"""The card of the directories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.rules.directories import TokenStanding
from app.services import directories
from app.services.bearer_tokens import Issued
from app.services.directories import DirectoryState, Provider
from app.services.overview.directories import DirectoryFacts, Needs, TokenFacts
from app.services.rows import Directory as DirectoryRow
from app.services.rows import DirectoryToken
from app.services.scim_requests import MOST_ERRORS, Progress
from app.services.unit_of_work import UnitOfWork
from app.web.moments import moment, moment_or_none
from app.web.presentation.directories import Directory, DirectoryTokenPage, Token
from app.web.presentation.elements import ALLOWED, Change, Choice, Notice, Prerequisite
from app.web.settings.controls import PAGE, control, prerequisite
from app.web.wording import count

TITLES = {
    Provider.OKTA: "Okta",
    Provider.ENTRA: "Entra ID",
    Provider.GOOGLE: "Google",
    Provider.GENERIC: "Other (SCIM 2.0)",
}
#: Days until a new token ends; the first one is what the form begins with.
LIFETIMES = (
    Choice("365", "Expires in a year"),
    Choice("180", "Expires in 180 days"),
    Choice("90", "Expires in 90 days"),
    Choice("30", "Expires in 30 days"),
    Choice("", "Never expires"),
)
_IDLE = timedelta(days=90)
#: With nothing for so long, a synchronization is over, or has paused.
_QUIET = timedelta(seconds=20)
PROVIDERS = tuple(Choice(provider.value, title) for provider, title in TITLES.items())


def named(provider: Provider) -> str:
    """What a sentence calls the provider."""
    return "the identity provider" if provider is Provider.GENERIC else TITLES[provider]


def token_page(unit: UnitOfWork, row: DirectoryRow, token: Issued[DirectoryToken]) -> DirectoryTokenPage:
    """A token of a directory that was just made, shown this once."""
    return DirectoryTokenPage(
        directory_id=row.id,
        directory_name=row.name,
        provider=named(Provider(row.provider)),
        base_url=directories.base_url(unit, row),
        token=token.secret,
        guide=row.provider,
        expires=moment_or_none(token.row.expires_at, now=unit.now),
    )


def directory(facts: DirectoryFacts, *, now: datetime) -> Directory:
    """One directory of the card."""
    mirror, progress = facts.mirror, facts.progress
    return Directory(
        id=facts.id,
        name=facts.name,
        provider=named(facts.provider),
        kind=TITLES[facts.provider],
        state=facts.state,
        base_url=facts.base_url,
        tokens=tuple(_token(token, now=now) for token in facts.tokens),
        new_token=control(facts.may_add_token, at=facts.id),
        requests_href=requests_href(facts.id),
        prerequisites=_checklist(facts.needs),
        activate=control(facts.may_activate, at=facts.id),
        deactivate=control(facts.may_deactivate, at=facts.id),
        delete=control(facts.may_delete, at=facts.id),
        guide=facts.provider,
        first_request=moment_or_none(progress.first_request_at, now=now),
        last_request=moment_or_none(progress.last_request_at, now=now),
        users=mirror.users,
        active_users=mirror.active_users,
        groups=progress.groups,
        not_members=mirror.not_members if facts.state is DirectoryState.ACTIVE else 0,
        pace=_pace(progress, now=now),
        errors=_errors(progress),
        trouble=_trouble(facts),
        warnings=tuple(_warnings(facts, now=now)),
    )


def requests_href(directory_id: str) -> str:
    """Where the record of a directory's requests stands."""
    return f"{PAGE}/directories/{directory_id}/requests"


def _trouble(facts: DirectoryFacts) -> Notice | None:
    trouble = facts.progress.trouble
    if trouble is None:
        return None
    told = f"{trouble.refused} of the last {trouble.newest} requests were refused."
    detail = f"Most often: {trouble.reason}" if trouble.reason else ""
    return Notice("error", told, detail, "See them", f"{requests_href(facts.id)}?outcome=refused")


def _pace(progress: Progress, *, now: datetime) -> str:
    """How fast people and groups arrive right now; "" once nothing comes any more."""
    if progress.last_request_at is None or now - progress.last_request_at > _QUIET:
        return ""
    people, groups = progress.users_per_minute, progress.groups_per_minute
    arriving = (
        count(people, "person", "people") if people else "",
        count(groups, "group", "groups") if groups else "",
    )
    return " and ".join(part for part in arriving if part)


def _errors(progress: Progress) -> str:
    if progress.errors >= MOST_ERRORS:
        return f"{MOST_ERRORS:,} or more"
    return str(progress.errors) if progress.errors else ""


def _warnings(facts: DirectoryFacts, *, now: datetime) -> Iterator[Notice]:
    """What to do about tokens that end, have ended, or are used after their end."""
    provider = named(facts.provider)
    for token in facts.tokens:
        ends = moment_or_none(token.expires_at, now=now)
        if ends is not None and token.standing is TokenStanding.EXPIRES_SOON:
            todo = "Pushes with it stop then. Make a second token now and let the two overlap, as described below."
            yield Notice("warning", f"The token {_name(token)} expires {ends.relative}.", todo)
        elif ends is not None and token.standing is TokenStanding.EXPIRED:
            todo = "It opens nothing any more. Make a new token and paste it, then revoke this one."
            yield Notice("warning", f"The token {_name(token)} expired {ends.relative}.", todo)
        elif now - (token.last_used_at or token.created_at) > _IDLE:
            todo = "If nothing pushes with it any more, revoke it: a token that nobody uses can only be misused."
            yield Notice("info", f"The token {_name(token)} was not used for 90 days.", todo)
    for token in facts.refused_tokens:
        used = moment_or_none(token.refused_at, now=now)
        if used is not None:
            kind = "revoked" if token.standing is TokenStanding.REVOKED else "expired"
            todo = f"The request was refused. Somewhere in {provider} it is still in use: paste one there that works."
            yield Notice("warning", f"The {kind} token {_name(token)} was used {used.relative}.", todo)


def _name(token: TokenFacts) -> str:
    return f"{token.hint} ({token.label})" if token.label else token.hint


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
        standing=token.standing,
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
