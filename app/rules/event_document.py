"""Writes docs/events.md from the events themselves: `python -m app.rules.event_document > docs/events.md`."""

from __future__ import annotations

import sys

from app.rules.event_data import Field, one_of
from app.rules.events import STATEMENTS, EventType

_HEAD = """# Events

`GET /api/v1/organizations/{org}/events` tells what happened in an organization, oldest first. Whoever sends the `id` of
the last event they have seen as `after` goes on behind it, and is shown every event once
([decision 17](decisions/0017-events-get-their-place-from-the-worker.md)).

Each event is written in the transaction of the change it tells of, and tells of one thing: what touches several people
is an event for each of them. What another event says already (that sessions ended with a deactivation) is not told
twice.

| field | type | |
|---|---|---|
| `id` | text | What to send as `after`. |
| `position` | number | 1 for the first event of the organization, one more for each further one, without gaps. |
| `at` | time | When it happened (RFC 3339, UTC). |
| `type` | text | One of those below: `subject.action_past`. |
| `subject` | text | The id of what it happened to. |
| `data` | object | What is told of it: the fields below, and no others. |

This page is written by `python -m app.rules.event_document`; a test compares it with the code.
"""


def page() -> str:
    """The whole page as Markdown."""
    return _HEAD + "".join(_section(type_) for type_ in EventType)


def _section(type_: EventType) -> str:
    statement = STATEMENTS[type_]
    head = f"\n## {type_}\n{statement.sentence} The subject is {one_of(statement.subject)}"
    if not statement.data:
        return f"{head}; `data` is empty.\n"
    rows = "".join(_row(field) for field in statement.data)
    return f"{head}.\n\n| `data` | type | |\n|---|---|---|\n{rows}"


def _row(field: Field) -> str:
    optional = " Left out where there is nothing to tell." if field.optional else ""
    return f"| `{field.name}` | {field.type.wording} | {field.meaning}{optional} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
