"""The page of the parts that pages are made of."""

from __future__ import annotations

from pathlib import Path

from app.factory import create_app
from tests.application import settings_for


def test_parts_are_shown_only_where_private_addresses_may_be_reached(tmp_path: Path) -> None:
    database, here = f"sqlite:///{tmp_path / 'doorward.db'}", "http://127.0.0.1:8000"
    open_ = create_app(settings_for(database, base_url=here, allow_private_addresses=True))
    closed = create_app(settings_for(database, base_url=here))

    assert "<h1>Style</h1>" in open_.test_client().get("/style", base_url=here).text
    assert closed.test_client().get("/style", base_url=here).status_code == 404
