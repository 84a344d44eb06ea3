"""The lock files install the same bytes for everybody, from any registry."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-test.lock")
#: Of a peer of the benchmark, which is installed apart and never beside these.
PEER_LOCK = "bench/peers/django_site/requirements.lock"
NPM_LOCKS = tuple(
    f"{folder}/package-lock.json" for folder in ("tests/identity_providers", "bench/peers/polis", "bench/peers/scimmy")
)


@pytest.fixture(params=(*LOCKS, PEER_LOCK))
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


@pytest.mark.parametrize("path", NPM_LOCKS)
def test_npm_lock_names_no_registry(path: str) -> None:
    lock = Path(path).read_text("utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_locks_are_complete_so_that_nothing_is_resolved_at_installation() -> None:
    """Every requirement of every locked wheel, with the extras that are asked for, is met by the lock itself."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    for name, wanted in zip(
        LOCKS,
        (project["dependencies"], project["dependencies"] + project["optional-dependencies"]["test"]),
        strict=True,
    ):
        pinned = dict(entry.split(" ")[0].split("==") for entry in entries(Path(name).read_text("utf-8")))
        seen: set[str] = set()
        unmet: list[str] = []
        todo = [Requirement(line) for line in wanted]
        while todo:
            requirement = todo.pop()
            if str(requirement) in seen:
                continue
            seen.add(str(requirement))
            locked = pinned.get(canonicalize_name(requirement.name))
            if locked is None or not requirement.specifier.contains(locked, prereleases=True):
                unmet.append(f"{name}: {requirement} (locked: {locked})")
                continue
            needs = [Requirement(line) for line in distribution(requirement.name).requires or []]
            todo += [need for need in needs if applies(need, requirement.extras)]
        assert unmet == []
        assert len(seen) > len(wanted)


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Whether the wheel that names a requirement needs it here, when it is installed with these extras."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in extras or {""})
