"""Real identity providers that nobody here wrote (npm samlp and oidc-provider), started on loopback by the tests."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Literal
from urllib.request import ProxyHandler, Request, build_opener

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent
SECONDS_TO_START = 25
TRIES = 3

# What samlp signs. "encrypted" is a signed assertion, encrypted for the service provider.
Signing = Literal["assertion", "response", "both", "encrypted"]


@dataclass(frozen=True)
class Person:
    """Somebody the identity provider knows; `id` is the persistent NameID or the subject."""

    id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    groups: tuple[str, ...] = ()
    email_verified: bool = True

    def saml(self) -> dict[str, object]:
        return {
            "id": self.id,
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "groups": list(self.groups),
        }

    def oidc(self) -> dict[str, object]:
        return {
            "id": self.id,
            "email": self.email,
            "email_verified": self.email_verified,
            "name": f"{self.first_name} {self.last_name}".strip(),
            "given_name": self.first_name,
            "family_name": self.last_name,
            "groups": list(self.groups),
        }


@dataclass(frozen=True)
class KeyPair:
    """A signing key and its self-signed certificate, as PEM files."""

    key: Path
    certificate: Path

    @classmethod
    def make(cls, directory: Path, *, name: str = "identity-provider", days: int = 365) -> "KeyPair":
        """Make a new pair; a negative number of days makes a certificate that is over already."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .sign(private, hashes.SHA256())
        )
        pair = cls(directory / f"{name}.key.pem", directory / f"{name}.certificate.pem")
        pair.key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return pair


@dataclass
class NodeProcess:
    """A Node program of this folder, in a process group of its own; it says where it listens in one JSON line."""

    process: "subprocess.Popen[str]"
    facts: Mapping[str, object]
    output: deque[str]
    reader: threading.Thread

    @classmethod
    def start(cls, script: str, options: Mapping[str, object]) -> "NodeProcess":
        for _ in range(TRIES - 1):
            started = cls._started(script, options)
            if started.facts or started.process.poll() is not None:
                break
            started.stop()  # Node sometimes starts and then says nothing for minutes
        else:
            started = cls._started(script, options)
        if not started.facts:
            code = started.process.poll()
            started.stop()
            what = "said nothing" if code is None else f"ended with {code}"
            raise RuntimeError(f"{script} {what} (./doorward test installs what it needs):\n{started.log}")
        return started

    @classmethod
    def _started(cls, script: str, options: Mapping[str, object]) -> "NodeProcess":
        process = subprocess.Popen(
            [node(), "--no-deprecation", str(HERE / script), json.dumps(options)],
            # Closes when this process ends, however it ends; the program then ends as well.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=HERE,
            start_new_session=True,
            text=True,
        )
        assert process.stdout is not None
        output: deque[str] = deque(maxlen=200)
        ready: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=read_lines, args=(process.stdout, output, ready), daemon=True)
        reader.start()
        try:
            line = ready.get(timeout=SECONDS_TO_START)
        except queue.Empty:
            line = None
        return cls(process, json.loads(line) if line else {}, output, reader)

    @property
    def log(self) -> str:
        """The last lines the program wrote."""
        return "".join(self.output)

    def stop(self) -> None:
        """End the whole process group and wait for it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def read_lines(stream: IO[str], output: deque[str], ready: "queue.Queue[str | None]") -> None:
    """Keep what a program writes, hand over the first line of JSON, and say when there is nothing more."""
    waiting = True
    for line in stream:
        output.append(line)
        if waiting and line.startswith("{"):
            ready.put(line)
            waiting = False
    ready.put(None)


def node() -> str:
    """Return the Node to use: the one on PATH (./doorward test puts a fitting one there), else that of the wheel."""
    found = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if found is None:
        raise RuntimeError("no Node.js was found: ./doorward test installs one or says how")
    return found


def post(url: str, value: Mapping[str, object]) -> bytes:
    """Post JSON to one of the programs, past any proxy of the environment."""
    request = Request(url, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with build_opener(ProxyHandler({})).open(request, timeout=10) as response:
        return bytes(response.read())


@dataclass
class SamlIdentityProvider:
    """samlp on loopback. Its page has one button per person (`data-user`) and one that refuses (`data-refuse`)."""

    program: NodeProcess
    keys: KeyPair
    directory: Path
    rotations: int = field(default=0, init=False)

    @classmethod
    def start(
        cls,
        directory: Path,
        people: Sequence[Person],
        *,
        signing: Signing = "assertion",
        encryption_certificate: str | None = None,
    ) -> "SamlIdentityProvider":
        """Start one; `encryption_certificate` is the service provider's, as PEM, for signing="encrypted"."""
        keys = KeyPair.make(directory)
        options: dict[str, object] = {
            "key_path": str(keys.key),
            "certificate_path": str(keys.certificate),
            "signing": signing,
            "users": [person.saml() for person in people],
        }
        if encryption_certificate is not None:
            options["encryption_certificate"] = encryption_certificate
        return cls(NodeProcess.start("saml.mjs", options), keys, directory)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.program.facts['port']}"

    @property
    def metadata_url(self) -> str:
        return str(self.program.facts["metadata_url"])

    @property
    def entity_id(self) -> str:
        return self.metadata_url

    @property
    def sso_url(self) -> str:
        return f"{self.url}/sso"

    @property
    def certificate(self) -> str:
        """The certificate in use, as PEM."""
        return self.keys.certificate.read_text("ascii")

    def set_people(self, people: Sequence[Person]) -> None:
        self.control(users=[person.saml() for person in people])

    def set_logout(self, url: str, *, certificate: str) -> None:
        """Tell the service provider at `url` of logouts, and publish where its own go; `certificate` (PEM) is its."""
        self.control(logout={"url": url, "certificate": certificate})

    def rotate_certificate(self) -> None:
        """Sign with a new key from now on."""
        self.rotations += 1
        self.keys = KeyPair.make(self.directory, name=f"identity-provider-{self.rotations}")
        self.control(key_path=str(self.keys.key), certificate_path=str(self.keys.certificate))

    def control(self, **changes: object) -> None:
        """Change options of saml.mjs while it runs, such as signing="both"."""
        post(f"{self.url}/control", changes)

    def respond(self, person: str, *, acs: str, audience: str, in_response_to: str = "") -> bytes:
        """Return the XML that the provider would post to the ACS, for tests without a browser."""
        return post(
            f"{self.url}/respond",
            {"user": person, "acs": acs, "audience": audience, "inResponseTo": in_response_to},
        )

    def stop(self) -> None:
        self.program.stop()


@dataclass
class OidcIdentityProvider:
    """oidc-provider on loopback with one client. Its page has the same buttons as the SAML one."""

    program: NodeProcess
    client_id: str
    client_secret: str

    @classmethod
    def start(
        cls,
        people: Sequence[Person],
        *,
        redirect_uris: Sequence[str],
        client_id: str = "doorward",
        client_secret: str = "a secret that only the tests know",
    ) -> "OidcIdentityProvider":
        """Start one; PKCE is required, e-mail address and groups come from userinfo only."""
        options: dict[str, object] = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": list(redirect_uris),
            "users": [person.oidc() for person in people],
        }
        return cls(NodeProcess.start("oidc.mjs", options), client_id, client_secret)

    @property
    def url(self) -> str:
        return self.issuer

    @property
    def issuer(self) -> str:
        return str(self.program.facts["issuer"])

    def set_people(self, people: Sequence[Person]) -> None:
        self.control(users=[person.oidc() for person in people])

    def set_redirect_uris(self, *uris: str) -> None:
        self.control(redirect_uris=list(uris))

    def set_logout(self, *, post_logout_redirect_uri: str, backchannel_logout_uri: str) -> None:
        """Let people sign out from the client, and tell it of logouts."""
        self.control(
            post_logout_redirect_uris=[post_logout_redirect_uri], backchannel_logout_uri=backchannel_logout_uri
        )

    def rotate_keys(self) -> None:
        """Sign with a new key and publish only that one."""
        self.control(rotate_keys=True)

    def control(self, **changes: object) -> None:
        """Change options of oidc.mjs while it runs, such as claims_in_id_token=True."""
        post(f"{self.issuer}/control", changes)

    def stop(self) -> None:
        self.program.stop()
