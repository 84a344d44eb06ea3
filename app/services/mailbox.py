"""Mail that goes with a change: written into the transaction, sealed, and sent by the worker after it."""

from __future__ import annotations

import json
from datetime import timedelta

from app.ports.mail import Mail
from app.ports.sealing import Sealing
from app.rules.ids import Prefix
from app.services.unit_of_work import UnitOfWork
from app.store.jobs import OutgoingMail


def post(unit: UnitOfWork, mail: Mail, *, keep_trying: timedelta = timedelta(days=1)) -> None:
    """Have `mail` sent once this transaction is committed; given up after `keep_trying`."""
    id_ = unit.id(Prefix.MAIL)
    content = json.dumps({"to": mail.to, "subject": mail.subject, "text": mail.text})
    unit.session.add(
        OutgoingMail(
            id=id_,
            sealed=unit.ports.sealing.seal(content, place=_place(id_)),
            created_at=unit.now,
            next_try_at=unit.now,
            expires_at=unit.now + keep_trying,
        )
    )


def read(row: OutgoingMail, sealing: Sealing) -> Mail:
    """The mail that a row holds. Raises SealBrokenError."""
    content = json.loads(sealing.unseal(row.sealed, place=_place(row.id)))
    return Mail(to=content["to"], subject=content["subject"], text=content["text"])


def _place(id_: str) -> str:
    return f"outgoing_mail/{id_}"
