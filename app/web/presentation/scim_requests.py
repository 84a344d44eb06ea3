"""The record of what an identity provider sent."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import Choice, Form, Moment


@dataclass(frozen=True, slots=True)
class Explained:
    """A stable code with the sentence that explains it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ScimRequest:
    """One request of an identity provider. `tone` is the badge's; `phrase` is the status in words ("Conflict").

    `day` is the date it came, "" for today's. `changed` says in words what it changed. `detail` is what a refused one
    was told. `unknown_more` counts the unknown members that are not listed. `token` is the one it came with, as it may
    be shown, or that there was none, "" where that is not known; `token_note` says so of one that was refused for it.
    `resource_href` leads to all requests on the same user or group. `body` is masked JSON, "" for none.
    """

    id: str
    at: Moment
    day: str
    method: str
    path: str
    status: int
    phrase: str
    tone: str
    duration: str
    changed: str = ""
    detail: str = ""
    deviations: tuple[Explained, ...] = ()
    unknown_members: tuple[str, ...] = ()
    unknown_more: int = 0
    token: str = ""
    token_note: str = ""
    resource: str = ""
    resource_id: str = ""
    resource_href: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One of several ways to look at a list."""

    label: str
    href: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ScimRequestsPage:
    """settings/scim_requests.html: pages in the order in which requests were recorded, the newest page first; within a
    page by their time, newest first.

    `views` are the outcomes to filter by. `form` has the fields `method` and `resource_id`, and sends `outcome` along.
    `is_filtered` is whether anything is left out; `everything_href` leads to the whole record. `connected` is whether
    the identity provider has ever been here. `days` is how long requests are kept.
    """

    directory_id: str
    directory_name: str
    provider: str
    action: str
    days: int
    connected: bool
    requests: tuple[ScimRequest, ...]
    views: tuple[View, ...]
    methods: tuple[Choice, ...]
    outcome: str
    form: Form
    is_filtered: bool
    everything_href: str
    newer_href: str = ""
    older_href: str = ""
