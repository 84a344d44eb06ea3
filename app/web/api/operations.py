"""One route of the API as a value that carries its own documentation: what it takes, what it answers, what it
refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from inspect import signature
from typing import Any

from pydantic import BaseModel

from app.rules.decisions import Code, Refused
from app.services.plans import Planned
from app.web.api.shapes import Body, Query
from app.web.downloads import Download

Outcome = BaseModel | Download | Refused | None
View = Callable[..., Outcome | Planned[Any]]

#: What the guard may say to any change of what administrators depend on.
GUARDED = (Code.LAST_ADMINISTRATOR, Code.LAST_HELD_ADMINISTRATOR, Code.OWN_HOLD)
#: What a change says when something else holds the name already, or changed at the same moment.
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Operation:
    """`view` gets the ids of the path by name, `query` and `body` where it has some, and `acting` where it asks for it.

    Its name is the endpoint and the operationId; its docstring is the documentation. It returns the answer, a refusal,
    or None for an answer without content.
    """

    method: str
    path: str
    view: View
    answer: type[BaseModel] | None
    status: HTTPStatus
    body: type[Body] | None
    query: type[Query] | None
    codes: tuple[str, ...]
    plans: bool = False
    limited: bool = False
    media: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def endpoint(self) -> str:
        """Its name in the route table."""
        return f"api.{self.name}"

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return re.sub(r"\{(\w+)\}", r"<\1>", self.path)

    @property
    def ids(self) -> tuple[str, ...]:
        """The placeholders of the path, in their order."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def wants(self) -> frozenset[str]:
        """What the view is given, by name."""
        return frozenset(signature(self.view).parameters)

    @property
    def summary(self) -> str:
        """The first sentence of the documentation."""
        return re.split(r"(?<=\.)\s", self.description, maxsplit=1)[0].replace("\n", " ")

    @property
    def description(self) -> str:
        """The whole documentation."""
        return re.sub(r"\n +", "\n", (self.view.__doc__ or "").strip())


def operation(
    method: str,
    path: str,
    *,
    answer: type[BaseModel] | None = None,
    status: HTTPStatus | None = None,
    body: type[Body] | None = None,
    query: type[Query] | None = None,
    codes: tuple[str, ...] = (),
    plans: bool = False,
    limited: bool = False,
    media: tuple[str, ...] = (),
) -> Callable[[View], Operation]:
    """Make a view the operation at `path` (below /api/v1). `codes` are those of its 409 answers, `media` the types of a
    file it answers. One that `plans` can be asked for a dry run, and held to it; a `limited` one may be called only so
    often.
    """

    def make(view: View) -> Operation:
        usual = HTTPStatus.OK if answer is not None or media else HTTPStatus.NO_CONTENT
        return Operation(method, path, view, answer, status or usual, body, query, codes, plans, limited, media)

    return make
