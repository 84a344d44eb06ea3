"""Mail: deliver one message now; only the worker calls it."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Mail:
    """One plain-text message. `to` is a bare address; EmailMessage refuses line breaks in headers."""

    to: str
    subject: str
    text: str


class MailNotSentError(Exception):
    """The message was not taken; it may be tried again."""


class Post(Protocol):
    def send(self, mail: Mail) -> None:
        """Hand the message over. Raises MailNotSentError."""
        ...


class ConsolePost:
    """No SMTP server configured: the message goes to the server's console, loudly, and nowhere else."""

    def send(self, mail: Mail) -> None:
        print(  # noqa: T201 (the console is this class's channel)
            f"\n--- DOORWARD_SMTP_URL is not set: this mail is only shown here ---\n"
            f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}\n{'-' * 67}",
            flush=True,
        )


class SmtpPost:
    """`smtp://[user:password@]host[:port][?from=address]` (STARTTLS when offered) or `smtps://...` (TLS from the
    start).
    """

    def __init__(self, url: str, *, sender: str) -> None:
        parts = urlsplit(url)
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._implicit_tls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    def send(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"], message["Subject"] = self._sender, mail.subject
        # From its parts: a header made of text would be read again, and an encoded word would name somebody else.
        local, _, host = mail.to.rpartition("@")
        message["To"] = Address(username=local, domain=host)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps out-of-office replies away
        message.set_content(mail.text)
        try:
            self._deliver(message, to=mail.to)
        except (OSError, smtplib.SMTPException) as error:
            raise MailNotSentError(str(error)) from error

    def _deliver(self, message: EmailMessage, *, to: str) -> None:
        context = ssl.create_default_context()
        with self._connect(context) as server:
            server.ehlo()
            if not self._implicit_tls and server.has_extn("starttls"):
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message, to_addrs=[to])

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self._implicit_tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
