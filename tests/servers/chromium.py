"""A real browser: the Chromium of the machine, driven by Playwright.

`python -m tests.servers.chromium` prints the path of the browser that will be used, or fails when none starts.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The network is closed to the browser as well: no name leads out of the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
)


def candidates() -> Iterator[Path]:
    """Yield the browsers that may be there, the machine's own first, then Playwright's."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
    yield Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    yield Path("/Applications/Chromium.app/Contents/MacOS/Chromium")
    home = Path(os.environ.get("HOME", "/nonexistent"))
    for downloads in (os.environ.get("PLAYWRIGHT_BROWSERS_PATH"), home / ".cache/ms-playwright"):
        if downloads:
            yield from sorted(Path(downloads).glob("chromium-*/chrome-linux*/chrome"), reverse=True)


@cache
def executable() -> Path | None:
    """Return the first browser that starts; one that lacks a library is passed over."""
    for path in candidates():
        try:
            subprocess.run([path, "--version"], check=True, capture_output=True, timeout=30)
        except (OSError, subprocess.SubprocessError):
            continue
        return path
    return None


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return a running browser; each test opens a context of its own. A run without a browser fails."""
    path = executable()
    if path is None:
        pytest.fail("no Chromium was found: ./doorward test installs one or says how", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


if __name__ == "__main__":
    usable = executable()
    if usable is None:
        sys.exit("no Chromium was found")
    print(usable)
