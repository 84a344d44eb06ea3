"""An SMTP server on loopback that keeps what it is given."""

import socket
import threading
import time
from asyncio import AbstractServer
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Delivery:
    """One message with the addresses of its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain text of the message."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())


@dataclass
class Mailbox:
    """Takes every message, in the order of arrival; `answer` other than 250 refuses them."""

    deliveries: list[Delivery] = field(default_factory=list)
    answer: str = "250 taken"
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if not self.answer.startswith("250"):
            return self.answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, _class=EmailMessage, policy=default)
        with self.arrived:
            self.deliveries.append(Delivery(str(envelope.mail_from), tuple(envelope.rcpt_tos), message))
            self.arrived.notify_all()
        return self.answer


@dataclass(frozen=True)
class SmtpServer:
    """Where mail goes in the tests; `url` is what DOORWARD_SMTP_URL takes."""

    port: int
    mailbox: Mailbox

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self.mailbox.deliveries)

    def wait_for(self, recipient: str, *, count: int = 1, seconds: float = 10) -> Delivery:
        """Return the count-th message to an address as soon as it is there; fail when the time is over."""
        deadline = time.monotonic() + seconds
        with self.mailbox.arrived:
            while True:
                found = [item for item in self.mailbox.deliveries if recipient in item.recipients]
                if len(found) >= count:
                    return found[count - 1]
                if not self.mailbox.arrived.wait(deadline - time.monotonic()):
                    pytest.fail(f"{len(found)} of {count} messages to {recipient} within {seconds} s")

    def refuse(self, answer: str) -> None:
        """Answer every message with this line, such as `451 try later`, until the next test."""
        self.mailbox.answer = answer

    def clear(self) -> None:
        with self.mailbox.arrived:
            self.mailbox.deliveries.clear()
            self.mailbox.answer = "250 taken"


class SocketController(Controller):
    """A controller that serves on a socket opened before, so that the port is free for certain."""

    def __init__(self, handler: Mailbox, opened: socket.socket) -> None:
        self.opened = opened
        super().__init__(handler, hostname=HOST, port=opened.getsockname()[1])

    @override
    def _create_server(self) -> Coroutine[object, object, AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self.opened)


@pytest.fixture(scope="session")
def smtp_process() -> Iterator[SmtpServer]:
    """Run the server for this process of pytest; tests take `smtp_server`, which starts empty."""
    mailbox = Mailbox()
    opened = socket.create_server((HOST, 0))
    controller = SocketController(mailbox, opened)
    controller.start()
    yield SmtpServer(opened.getsockname()[1], mailbox)
    controller.stop()
    opened.close()


@pytest.fixture
def smtp_server(smtp_process: SmtpServer) -> SmtpServer:
    """Return the SMTP server with no message in it."""
    smtp_process.clear()
    return smtp_process
