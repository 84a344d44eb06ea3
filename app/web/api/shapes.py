"""What bodies, queries and answers are made of: strict models, and the types that JSON does not have by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from app.rules.ids import Prefix
from app.rules.organizations import MAX_NAME

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
ID_BODY = "[0-9a-hjkmnp-tv-z]{26}"
_Anything = TypeVar("_Anything")


class _NotNull:
    """Takes null out of what an optional field accepts: leave it out instead."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        inner: CoreSchema = schema["schema"] if schema["type"] == "nullable" else schema
        return inner


def _read_instant(value: Any) -> datetime:
    """RFC 3339 with a zone, as UTC."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise PydanticCustomError("instant", "This must be an RFC 3339 time with a zone, such as 2030-01-31T12:00:00Z.")


Maybe = Annotated[_Anything | None, _NotNull()]
Instant = Annotated[AwareDatetime, BeforeValidator(_read_instant)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
MemberId = Annotated[str, StringConstraints(pattern=f"^{Prefix.MEMBER.value}_{ID_BODY}$")]
AnyId = Annotated[str, StringConstraints(pattern=f"^[a-z]{{3,4}}_{ID_BODY}$")]


class Body(BaseModel):
    """A JSON object that was sent: exactly the fields it names, each of exactly its type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ChangeBody(Body):
    """A change within an organization."""

    on_behalf_of: Maybe[MemberId] = Field(
        None, description="The active administrator whose address and test sign-in count for this change."
    )


class PatchBody(ChangeBody):
    """Some fields of something, to be changed; what is left out stays."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.model_fields_set | (self.model_extra or {}).keys()) - {"on_behalf_of"}:
            raise PydanticCustomError("empty", "There is nothing to change in this body.")
        return self


class Query(BaseModel):
    """The parameters after the question mark: none but those named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ChangeQuery(Query):
    """For changes without a body."""

    on_behalf_of: Maybe[MemberId] = Field(
        None, description="The active administrator whose address and test sign-in count for this change."
    )


class Answer(BaseModel):
    """A JSON object that is answered; times are RFC 3339 in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of(cls, row: object, **worked_out: Any) -> Self:
        """From a stored row, with what is not a column of it."""
        stored = {name: getattr(row, name) for name in cls.model_fields if name not in worked_out}
        return cls.model_validate(stored | worked_out)


class Problem(Answer):
    """An error (RFC 9457): `code` is stable, `detail` a sentence, `field` the input at fault, `fix` what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: Maybe[str] = None
    fix: Maybe[str] = None
    reference: Maybe[str] = None
