"""`./doorward` sets itself up, says in one line what is missing, and installs again exactly when it has to.

A copy of the script runs beside two empty lock files, with programs of the test's own on PATH where it looks for them,
so that nothing is downloaded.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

TOOLS = ("sh", "cat", "cksum", "dirname", "basename", "readlink", "rm", "mkdir", "id", "env", "uname")
APP = '''"""Stands in for the application."""
import os
import sys

def run() -> None:
    print(os.getcwd(), *sys.argv[1:])
'''


@dataclass(frozen=True)
class Clone:
    """A repository that holds the front door and nothing to download."""

    root: Path
    path: Path

    def run(
        self, *arguments: str, cwd: Path | None = None, **environment: str | None
    ) -> "subprocess.CompletedProcess[str]":
        variables: Mapping[str, str | None] = {"PATH": str(self.path), "HOME": str(self.root.parent), **environment}
        return subprocess.run(
            [str(self.root / "doorward"), *arguments],
            cwd=cwd or self.root,
            env={name: value for name, value in variables.items() if value is not None},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def program(self, name: str, text: str) -> None:
        """Put a shell script on the PATH."""
        (self.path / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (self.path / name).chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root, path = tmp_path / "a clone with spaces", tmp_path / "bin"
    (root / "app").mkdir(parents=True)
    path.mkdir()
    shutil.copy("doorward", root)
    shutil.copy("pyproject.toml", root)
    (root / "app" / "cli.py").write_text(APP, "utf-8")
    for name in ("requirements.lock", "requirements-test.lock"):
        (root / name).write_text("# nothing to install\n", "utf-8")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (path / tool).symlink_to(found)
    return Clone(root, path)


@pytest.fixture
def with_python(clone: Clone) -> Clone:
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    clone.program("python3", f'exec "{base if base.exists() else sys.executable}" "$@"')
    return clone


def test_help_lists_the_commands(clone: Clone) -> None:
    for arguments in ((), ("help",)):
        shown = clone.run(*arguments)
        assert shown.returncode == 0
        for command in ("serve", "demo", "test", "check", "bench", "help"):
            assert f"\n  {command} " in shown.stdout
    assert not (clone.root / ".venv").exists()


@pytest.mark.parametrize("python", [None, "exit 1", "echo 2.7; exit 1"], ids=["absent", "broken", "old"])
def test_missing_python_is_one_line(clone: Clone, python: str | None) -> None:
    if python is not None:
        clone.program("python3", python)
    result = clone.run("serve")
    assert result.returncode == 1
    assert result.stderr == "doorward: Python 3.11 or newer is needed: sudo apt install python3 python3-venv\n"


def test_missing_venv_module_is_one_line(clone: Clone) -> None:
    clone.program("python3", "case $2 in *ensurepip*) exit 1 ;; *) echo 11 ;; esac")
    result = clone.run("serve")
    assert result.returncode == 1
    assert result.stderr == "doorward: Python's venv module is missing: sudo apt install python3-venv\n"


def test_newest_python_is_chosen(clone: Clone) -> None:
    """Shown by the name of the package for the one that was chosen."""
    clone.program("python3", "case $2 in *ensurepip*) exit 1 ;; *) echo 11 ;; esac")
    clone.program("python3.13", "case $2 in *ensurepip*) exit 1 ;; *) echo 13 ;; esac")
    clone.program("python3.12", "exit 127")
    assert clone.run("serve").stderr.endswith("sudo apt install python3.13-venv\n")


def test_installs_once_then_again_when_the_lock_changes(with_python: Clone) -> None:
    first = with_python.run("members", "--of", "a b")
    assert first.stdout == f"{with_python.root} members --of a b\n", first.stderr
    assert "installing the runtime wheels" in first.stderr
    assert with_python.run("members").stderr == ""

    (with_python.root / "requirements.lock").write_text("# something else\n", "utf-8")
    assert "installing the runtime wheels" in with_python.run("members").stderr
    assert with_python.run("members").stderr == ""


def test_interrupted_installation_is_done_again(with_python: Clone) -> None:
    assert with_python.run("members").returncode == 0
    (with_python.root / ".venv" / "unfinished").touch()
    left_over = with_python.root / ".venv" / "left-over"
    left_over.touch()
    assert "installing the runtime wheels" in with_python.run("members").stderr
    assert not left_over.exists()


def test_wheels_that_do_not_match_their_hash_are_refused(with_python: Clone) -> None:
    """The wheel is here, its hash is not the one of the lock: nothing is installed, and the next start tries again."""
    (with_python.root / "thing-1-py3-none-any.whl").write_bytes(b"not what was locked")
    (with_python.root / "requirements.lock").write_text(
        f"./thing-1-py3-none-any.whl --hash=sha256:{'0' * 64}\n", "utf-8"
    )
    result = with_python.run("members", PIP_NO_INDEX="1")
    assert result.returncode == 1
    assert "DO NOT MATCH" in result.stderr
    assert result.stderr.endswith("doorward: the wheels of requirements.lock could not be installed; see above\n")
    assert not (with_python.root / ".venv" / "installed-runtime").exists()


def test_starts_from_elsewhere_by_a_link_and_without_a_home(with_python: Clone, tmp_path: Path) -> None:
    link = tmp_path / "door"
    link.symlink_to(with_python.root / "doorward")
    environment = {"PATH": str(with_python.path)}
    result = subprocess.run(
        [link, "members"], cwd="/", env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == f"{with_python.root} members\n"


def test_concurrent_starts_install_once(with_python: Clone) -> None:
    environment = {"PATH": str(with_python.path), "HOME": str(with_python.root.parent)}
    starts = [
        subprocess.Popen(
            [with_python.root / "doorward", "members"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [start.communicate(timeout=100) for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], said
    assert sum("installing the runtime wheels" in errors for _, errors in said) == 1
