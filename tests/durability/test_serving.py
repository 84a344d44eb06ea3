"""What gunicorn makes of Doorward's configuration, in a real worker."""

from __future__ import annotations

import gc
import http.client
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.application import SECRET_KEY
from tests.durability.serving import HOST, serving


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Tells how the process that serves it looks for garbage."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"threshold": gc.get_threshold()[0], "frozen": gc.get_freeze_count()}).encode()]


def test_worker_looks_for_garbage_seldom_and_never_among_what_it_loaded(tmp_path: Path) -> None:
    environment = {"DOORWARD_DATABASE_URL": f"sqlite:///{tmp_path}/unused.db", "DOORWARD_SECRET_KEYS": SECRET_KEY}
    with serving(f"{__name__}:application", environment=environment, log=tmp_path / "log", path="/") as server:
        connection = http.client.HTTPConnection(HOST, server.port)
        connection.request("GET", "/")
        said = json.loads(connection.getresponse().read())
        connection.close()

    assert said["threshold"] > gc.get_threshold()[0]
    assert said["frozen"] > 0
