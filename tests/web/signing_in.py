"""What the sign-in page carries along."""

from __future__ import annotations

import html
import re


def next_field(page: str) -> str:
    """Where the form of the sign-in page says that signing in leads; nothing for home."""
    found = re.search(r'name="next" value="([^"]*)"', page)
    return html.unescape(found.group(1)) if found else ""
