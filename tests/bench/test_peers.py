"""The peers are made of what their locks hold, and one that is not there fails in everything."""

from __future__ import annotations

import json

import pytest

from bench.measuring import side_by_side
from bench.operations import OPERATIONS
from bench.peers.installing import HERE, NODE, NotInstalledError, locked_versions, run
from bench.peers.targets import CHOICES, PEERS, absent
from bench.table import tables


@pytest.mark.parametrize("name", CHOICES)
def test_versions_of_a_peer_are_those_of_its_lock(name: str) -> None:
    said = dict(part.split(" ") for part in locked_versions(name).split(", "))
    assert said
    if name != "django":
        lock = json.loads((HERE / name / "package-lock.json").read_text("utf-8"))["packages"]
        assert said == {package: lock[f"node_modules/{package}"]["version"] for package in said}


def test_peer_that_cannot_be_installed_says_why() -> None:
    with pytest.raises(NotInstalledError, match=r"^node -e throw 1 failed: \[eval\]:1"):
        run([str(NODE), "-e", "throw 1"], HERE)


def test_absent_peer_is_a_row_of_dashes_and_is_asked_nothing() -> None:
    target = absent(PEERS[0], "no network")
    side_by_side([target], OPERATIONS, seconds=0.1, rounds=1, tell=lambda _: None)
    for table in tables([target], OPERATIONS).split("\n\n| "):
        assert f"| {PEERS[0].name} [1] | - |" in table
        assert table.rstrip().endswith(f"[1] {PEERS[0].name} is not there: no network")
