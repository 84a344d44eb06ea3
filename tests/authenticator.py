"""An authenticator app, as it is on somebody's phone."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyotp

from app.ports.clock import Clock


@dataclass
class Authenticator:
    """Knows the secret, and shows the code of the moment."""

    secret: str
    clock: Clock

    def code(self, *, steps: int = 0) -> str:
        """The code it shows now, or that many half minutes later."""
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps)

    def wrong_code(self) -> str:
        """Six digits that it shows at no time near now."""
        near = {self.code(steps=steps) for steps in range(-12, 13)}
        return next(code for code in map("{:06}".format, range(100)) if code not in near)


def scanned(page: str, clock: Clock) -> Authenticator:
    """The app, after reading what the page for setting it up shows."""
    found = re.search(r'href="(otpauth://[^"]+)"', page)
    assert found is not None, page
    read = pyotp.parse_uri(found.group(1).replace("&amp;", "&"))
    return Authenticator(str(read.secret), clock)
