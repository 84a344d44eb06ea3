"""The lock files install the same bytes for everybody, from any registry."""

import re
from pathlib import Path

import pytest

LOCKS = ("requirements.lock", "requirements-test.lock")


@pytest.fixture(params=LOCKS)
def lock(request: pytest.FixtureRequest) -> str:
    return Path(request.param).read_text("utf-8")


def entries(lock: str) -> list[str]:
    """Return one text for each requirement, its continuation lines joined."""
    joined = lock.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def test_every_requirement_is_pinned_and_has_hashes(lock: str) -> None:
    unfit = [entry for entry in entries(lock) if not re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)]
    assert unfit == []


def test_no_registry_is_named(lock: str) -> None:
    assert not re.search(r"://|(?m:^\s*--?(index-url|extra-index-url|find-links|f|i)\b)|file:|@ ", lock)


def test_the_command_that_writes_it_is_named(lock: str) -> None:
    assert "uv pip compile --generate-hashes --universal --python-version 3.11" in lock.partition("\n\n")[0][:400]


def test_test_lock_contains_the_runtime_lock() -> None:
    runtime, test = ({entry.partition(" ")[0] for entry in entries(Path(name).read_text("utf-8"))} for name in LOCKS)
    assert runtime <= test


def test_npm_lock_names_no_registry() -> None:
    lock = Path("tests/identity_providers/package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
