"""Every page there is: free of barriers in both themes and widths, within its policy, and on a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from demo.building import built
from tests.browser.conftest import check_everywhere
from tests.gallery.chapters import everything
from tests.gallery.pictures import IMAGES, names_of
from tests.gallery.walk import Walker

_TEMPLATES = Path(__file__).parents[2] / "app" / "web" / "templates"
#: What others are made of.
_FRAMES = {"narrow.html", "shell.html", "setup/shell.html"}


@pytest.mark.timeout(400)
def test_every_page_has_a_picture_and_no_barrier(tmp_path: Path, chromium: Browser) -> None:
    seen, pictures = set(), {"README.md"}
    with built(tmp_path) as town:
        walker = Walker(town, chromium)
        for _, view in everything(walker):
            check_everywhere(view.page)
            view.page.set_viewport_size({"width": 1280, "height": 900})
            seen.add(view.template)
            assert pictures.isdisjoint(names_of(view.name)), f"{view.name} twice"
            pictures.update(names_of(view.name))

    assert walker.violations == []
    pages = {
        str(path.relative_to(_TEMPLATES))
        for path in _TEMPLATES.rglob("*.html")
        if "{% extends" in path.read_text("utf-8")
    }
    assert pages - seen == _FRAMES
    assert {path.name for path in IMAGES.iterdir()} == pictures, "python -m tests.gallery.pictures takes them anew"
