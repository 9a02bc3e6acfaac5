"""The mails on disk: one .eml file each, named by arrival."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

KEPT = 500


@dataclass(frozen=True)
class Mail:
    id: str
    arrived_at: datetime
    sender: str
    recipients: str
    subject: str
    text: str
    html: str

    def as_dict(self) -> dict[str, str]:
        return {
            "id": self.id,
            "arrived_at": self.arrived_at.isoformat(),
            "from": self.sender,
            "to": self.recipients,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
        }


class MailStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._last = 0

    def add(self, content: bytes, *, recipients: list[str]) -> str:
        """Keep one mail and forget the oldest beyond 500. The envelope's recipients are kept: Bcc is no header."""
        now = max(int(datetime.now(UTC).timestamp() * 1_000_000), self._last + 1)
        self._last = now
        name = f"{now:020d}"
        head = f"X-Mailbox-Recipients: {', '.join(recipients)}\r\n".encode()
        (self.folder / f"{name}.eml").write_bytes(head + content)
        for old in self._files()[KEPT:]:
            old.unlink(missing_ok=True)
        return name

    def list_mails(self) -> list[Mail]:
        """Newest first."""
        return [self._read(path) for path in self._files()]

    def get(self, name: str) -> Mail | None:
        path = self.folder / f"{name}.eml"
        return self._read(path) if name.isdigit() and path.exists() else None

    def clear(self) -> None:
        for path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.eml"), reverse=True)

    @staticmethod
    def _read(path: Path) -> Mail:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        return Mail(
            id=path.stem,
            arrived_at=datetime.fromtimestamp(int(path.stem) / 1_000_000, UTC),
            sender=str(message["From"] or ""),
            recipients=str(message["X-Mailbox-Recipients"] or message["To"] or ""),
            subject=str(message["Subject"] or "(no subject)"),
            text=_body(message, "plain"),
            html=_body(message, "html"),
        )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    try:
        return str(part.get_content()) if part is not None else ""
    except (LookupError, ValueError) as error:  # an unknown charset, broken base64
        return f"(this part cannot be read: {error})"
