"""Takes the pictures of the documentation: every page, in two themes and two widths, and the page that lists them.

`python -m tests.gallery.pictures` writes docs/images/ anew.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from demo.building import built
from tests.gallery.chapters import everything
from tests.gallery.walk import View, Walker
from tests.servers.chromium import ARGUMENTS, executable

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTHS = {"wide": 1280, "narrow": 320}
THEMES = ("light", "dark")
_HEIGHT = 900
_QUALITY = 40  # letters stay sharp, and a third is saved against 80
_TOP_OF = "authentication"
_HEAD = """\
# Every page

Taken from the demo by `python -m tests.gallery.pictures`, which walks past each of them; the same walk is a test
(`./doorward test tests/gallery`) that holds every page against axe, its content security policy and a narrow screen.
"""


def names_of(view: str) -> Iterator[str]:
    """The files of one view."""
    yield from (f"{view}-{width}-{theme}.webp" for width in WIDTHS for theme in THEMES)
    if view == _TOP_OF:
        yield from (f"top-{theme}.webp" for theme in THEMES)


def take_pictures() -> None:
    """Everything in docs/images, anew."""
    for old in IMAGES.glob("*"):
        old.unlink()
    index = [_HEAD]
    chapter = ""
    with (
        tempfile.TemporaryDirectory() as folder,
        built(Path(folder), banner="") as town,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        for heading, view in everything(Walker(town, chromium)):
            if heading != chapter:
                index.append(f"\n## {heading}\n\n| | |\n|---|---|\n")
                chapter = heading
            index.append(_row(view))
            _take(view)
        chromium.close()
    (IMAGES / "README.md").write_text("".join(index), "utf-8")


def _row(view: View) -> str:
    sorts = ((width, theme) for width in WIDTHS for theme in THEMES)
    links = " · ".join(f"[{width} {theme}]({view.name}-{width}-{theme}.webp)" for width, theme in sorts)
    first = next(names_of(view.name))
    return f'| <img src="{first}" width="420" alt="{view.caption}"> | **{view.caption}**<br>{links} |\n'


def _take(view: View) -> None:
    page = view.page
    for width, pixels in WIDTHS.items():
        page.set_viewport_size({"width": pixels, "height": _HEIGHT})
        for theme in THEMES:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
            page.evaluate("scrollTo(0, 0)")  # what is fixed stands where it does for whoever has just come
            (IMAGES / f"{view.name}-{width}-{theme}.webp").write_bytes(_shot(page))
            if view.name == _TOP_OF and width == "wide":
                (IMAGES / f"top-{theme}.webp").write_bytes(_shot(page, height=_HEIGHT))
    page.set_viewport_size({"width": WIDTHS["wide"], "height": _HEIGHT})
    page.emulate_media(color_scheme="light")


def _shot(page: Page, *, height: int | None = None) -> bytes:
    """The whole page, or its top, as WebP, which is a third of a PNG; Playwright itself does not write it."""
    devtools = page.context.new_cdp_session(page)
    size = devtools.send("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
    options = {"format": "webp", "quality": _QUALITY, "captureBeyondViewport": True, "clip": clip}
    taken = devtools.send("Page.captureScreenshot", options)["data"]
    devtools.detach()
    return base64.b64decode(taken)


if __name__ == "__main__":
    take_pictures()
