"""Writes docs/settings.md from the settings themselves: `python -m config.document > docs/settings.md`."""

from __future__ import annotations

import sys
from typing import Any

from pydantic_core import PydanticUndefined

from config.settings import PREFIX, Settings

_HEAD = """# Settings

Everything is set through the environment. A value that makes no sense, or a `DOORWARD_` variable that does not exist,
stops the start with one sentence that names it. This page is written by `python -m config.document`; a test compares
it with the code.

| variable | default | what it does |
|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _default(value: Any) -> str:
    if value is PydanticUndefined or value is None or value == ():
        return "absent"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(page())
