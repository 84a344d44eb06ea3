"""The chapters in their order: a new organization first, then the company of the demo."""

from __future__ import annotations

from collections.abc import Iterator

from demo.setting_up import set_up
from demo.telling import Story
from tests.gallery.colleague import colleague
from tests.gallery.company import company
from tests.gallery.newcomer import newcomer
from tests.gallery.trouble import trouble
from tests.gallery.walk import View, Walker


def everything(walker: Walker) -> Iterator[tuple[str, View]]:
    """Each view with the heading of its chapter. A view is good until the next one is asked for."""
    for heading, chapter in (
        ("A new organization", newcomer),
        ("Every day", company),
        ("A colleague without an account", colleague),
        ("The worst day", trouble),
    ):
        if chapter is company:
            set_up(Story(), walker.town)
        for view in chapter(walker):
            yield heading, view
