"""The demo as people start it: the whole story, what is on its pages in a browser, and what is left of it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.demo.conftest import Started

pytestmark = pytest.mark.timeout(240)


def test_check_plays_the_whole_story_and_leaves_nothing_behind(start: Callable[..., Started]) -> None:
    demo = start("--check")

    assert demo.process.wait(220) == 0, demo.told
    steps = [line for line in demo.told.splitlines() if line.startswith("ok ")]
    assert f"{len(steps)} steps passed" in demo.told
    assert "a recovery code let that administrator in" in steps[-1]
    assert list(demo.folder.iterdir()) == []


def test_links_lead_in_and_what_is_clicked_comes_about_until_ctrl_c_takes_everything_away(
    start: Callable[..., Started], chromium: Browser
) -> None:
    demo = start()
    settings, control = demo.links()
    page = chromium.new_context().new_page()
    page.set_default_timeout(30_000)

    page.goto(settings)
    expect(page).to_have_url(re.compile("/settings/authentication$"))
    expect(page.get_by_label("About this installation")).to_be_visible()
    page.goto(control)
    page.get_by_role("button", name="Demote: Ada Lovelace").click()
    expect(page.get_by_role("row", name="Ada Lovelace").get_by_text("on hold")).to_be_visible()
    page.context.close()

    running = demo.everything()
    assert len(running) >= 4  # itself, the supervisor, gunicorn with its worker, the background worker
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 0
    assert psutil.wait_procs(running, timeout=10)[1] == []
    assert list(demo.folder.iterdir()) == []
