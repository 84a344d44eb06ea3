"""What stands in place of a page that cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Helper:
    """Someone who can help: an administrator of the organization."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """error.html. `status` is 400, 403, 404, 405, 409, 413, 429 or 500; `sentence` replaces the page's own one when
    set.

    `helpers` are shown with 403. `retry_after` is in whole seconds, for 429. `reference` is what to quote to the
    operator.
    """

    status: int
    reference: str
    sentence: str = ""
    fix: str = ""
    helpers: tuple[Helper, ...] = ()
    retry_after: int = 0
    back_href: str = "/"
