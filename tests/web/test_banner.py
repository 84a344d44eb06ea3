"""The sentence that an operator has put at the top of every page."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.factory import create_app
from tests.application import BASE_URL, settings_for

BANNER = '<aside class="banner" aria-label="About this installation">'


@pytest.mark.parametrize("path", ["/sign-in", "/recover", "/no-such-page"])
def test_banner_stands_on_every_page_as_text(path: str, tmp_path: Path) -> None:
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'doorward.db'}", banner="A <rehearsal>."))

    assert f"{BANNER}A &lt;rehearsal&gt;.</aside>" in app.test_client().get(path, base_url=BASE_URL).text


def test_without_a_sentence_there_is_no_banner(tmp_path: Path) -> None:
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'doorward.db'}"))

    assert "banner" not in app.test_client().get("/recover", base_url=BASE_URL).text
