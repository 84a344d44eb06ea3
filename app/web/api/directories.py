"""Directories as JSON, with their tokens."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.services import directories, directory_tokens, organizations
from app.services.directories import DirectoryState, Provider
from app.services.plans import Planned
from app.services.rows import Directory
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.api.mirror import list_directory_groups, list_directory_users
from app.web.api.operations import CONFLICT, GUARDED, operation
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.scim_requests import list_directory_requests
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery, Instant, Maybe, Name, PatchBody

_PATH = "/organizations/{org}/directories"
_ACTIVATES = (
    CONFLICT,
    Code.ANOTHER_DIRECTORY_ACTIVE,
    Code.DIRECTORY_ACTIVE,
    Code.DIRECTORY_ADMIN_REQUIRED,
    Code.RECOVERY_CODES_REQUIRED,
    Code.VERIFIED_DOMAIN_REQUIRED,
    *GUARDED,
)


class NewDirectory(ChangeBody):
    name: Name
    provider: Provider


class DirectoryPatch(PatchBody):
    name: Maybe[Name] = None
    provider: Maybe[Provider] = None


class NewToken(ChangeBody):
    label: Maybe[Annotated[str, StringConstraints(max_length=200)]] = None
    expires_at: Maybe[Instant] = None


class DirectoryAnswer(Answer):
    id: str
    name: str
    provider: Provider
    state: DirectoryState
    base_url: str = Field(description="What to paste into the identity provider, together with a token.")
    created_at: datetime
    first_request_at: datetime | None
    last_request_at: datetime | None = Field(
        description="Noted once a minute at most, so up to a minute older than the last request; the record of requests"
        " has the exact time of each."
    )


class TokenAnswer(Answer):
    id: str
    label: str
    hint: str = Field(description="The last four characters.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Noted once a minute at most.")
    revoked_at: datetime | None
    refused_at: datetime | None = Field(
        description="When somebody last came with it after it was revoked or had expired; noted once a minute at most."
    )


class TokenCreated(TokenAnswer):
    token: str = Field(description="The bearer token itself: shown in this answer only.")


@operation("POST", _PATH, body=NewDirectory, answer=DirectoryAnswer, status=HTTPStatus.CREATED,
           codes=(Code.VERIFIED_DOMAIN_REQUIRED,), plans=True)  # fmt: skip
def create_directory(org: str, body: NewDirectory) -> Planned[DirectoryAnswer]:
    """Make a directory that stores what is pushed; it has no effect until it is activated."""
    unit = current.unit()
    planned = directories.to_create(unit, org, name=body.name, provider=body.provider)
    return planned.then(partial(show_directory, unit))


@operation("GET", _PATH, query=PageQuery, answer=Page[DirectoryAnswer])
def list_directories(org: str, query: PageQuery) -> Page[DirectoryAnswer]:
    """List the organization's directories, oldest first."""
    unit = current.unit()
    organizations.read(unit, org)
    return page_of_all(query, directories.all_of(unit, org), lambda row: show_directory(unit, row))


@operation("GET", _PATH + "/{dir}", answer=DirectoryAnswer)
def read_directory(org: str, dir: str) -> DirectoryAnswer:  # noqa: A002 (the placeholder of the path)
    """Read one directory."""
    unit = current.unit()
    return show_directory(unit, directories.read(unit, org, dir))


@operation("PATCH", _PATH + "/{dir}", body=DirectoryPatch, answer=DirectoryAnswer, plans=True)
def edit_directory(org: str, dir: str, body: DirectoryPatch) -> Planned[DirectoryAnswer]:  # noqa: A002
    """Rename a directory, or speak another provider's dialect with it."""
    unit = current.unit()
    planned = directories.to_edit(unit, org, dir, name=body.name, provider=body.provider)
    return planned.then(partial(show_directory, unit))


@operation("DELETE", _PATH + "/{dir}", query=ChangeQuery, codes=(Code.DIRECTORY_HOLDS_ADMIN, *GUARDED),
           plans=True)  # fmt: skip
def delete_directory(org: str, dir: str) -> Planned[None]:  # noqa: A002
    """Delete a directory: its active members stay, with their present role; its endpoint answers 404."""
    return directories.to_delete(current.unit(), org, dir)


@operation("POST", _PATH + "/{dir}/activate", body=ChangeBody, answer=DirectoryAnswer, codes=_ACTIVATES, plans=True)
def activate_directory(org: str, dir: str) -> Planned[DirectoryAnswer]:  # noqa: A002
    """Let membership and roles follow this directory from now on. Needs the hash of its dry run as If-Match."""
    unit = current.unit()
    return directories.to_activate(unit, org, dir).then(partial(show_directory, unit))


@operation("POST", _PATH + "/{dir}/deactivate", body=ChangeBody, answer=DirectoryAnswer,
           codes=(Code.DIRECTORY_NOT_ACTIVE, Code.DIRECTORY_HOLDS_ADMIN, *GUARDED), plans=True)  # fmt: skip
def deactivate_directory(org: str, dir: str) -> Planned[DirectoryAnswer]:  # noqa: A002
    """Turn a directory off: its active members stay, with their present role as a granted one."""
    unit = current.unit()
    return directories.to_deactivate(unit, org, dir).then(partial(show_directory, unit))


@operation("POST", _PATH + "/{dir}/tokens", body=NewToken, answer=TokenCreated, status=HTTPStatus.CREATED,
           codes=(Code.OWN_HOLD,))  # fmt: skip
def create_token(org: str, dir: str, body: NewToken) -> TokenCreated | Refused:  # noqa: A002
    """Make a bearer token for a directory; it is shown in this answer only."""
    made = directory_tokens.add(current.unit(), org, dir, label=body.label or "", expires_at=body.expires_at)
    return made if isinstance(made, Refused) else TokenCreated.of(made.row, token=made.secret)


@operation("GET", _PATH + "/{dir}/tokens", query=PageQuery, answer=Page[TokenAnswer])
def list_tokens(org: str, dir: str, query: PageQuery) -> Page[TokenAnswer]:  # noqa: A002
    """List a directory's tokens, oldest first, revoked ones included."""
    return page_of_all(query, directory_tokens.all_of(current.unit(), org, dir), TokenAnswer.of)


@operation("DELETE", _PATH + "/{dir}/tokens/{tok}", query=ChangeQuery)
def revoke_token(org: str, dir: str, tok: str) -> None:  # noqa: A002
    """Revoke a token: it is refused from the next request on. Doing so again changes nothing."""
    directory_tokens.revoke(current.unit(), org, dir, tok)


def show_directory(unit: UnitOfWork, directory: Directory) -> DirectoryAnswer:
    """A directory as JSON."""
    return DirectoryAnswer.of(directory, base_url=directories.base_url(unit, directory))


OPERATIONS = (
    create_directory,
    list_directories,
    read_directory,
    edit_directory,
    delete_directory,
    activate_directory,
    deactivate_directory,
    create_token,
    list_tokens,
    revoke_token,
    list_directory_users,
    list_directory_groups,
    list_directory_requests,
)
