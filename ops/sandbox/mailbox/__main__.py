"""`python -m ops.sandbox.mailbox --smtp 1025 --page 8025 --folder .devstack/mail` until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from .page import make_app
from .store import MailStore

LOOPBACK = "127.0.0.1"


class _Sink:
    """aiosmtpd's handler: every mail is accepted and kept."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        data = content.encode() if isinstance(content, str) else content
        self._store.add(data, recipients=[str(address) for address in envelope.rcpt_tos])
        return "250 Kept in the local mailbox"


async def serve(*, smtp_port: int, page_port: int, folder: Path) -> None:
    """Run both servers until SIGINT or SIGTERM."""
    store = MailStore(folder)
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    smtp = await loop.create_server(
        lambda: SMTP(_Sink(store), enable_SMTPUTF8=True, loop=loop), LOOPBACK, smtp_port
    )
    runner = web.AppRunner(make_app(store), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, page_port).start()
    print(f"mailbox page on http://{LOOPBACK}:{page_port}, mail taken on port {smtp_port}", flush=True)
    await ending.wait()
    smtp.close()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ops.sandbox.mailbox")
    parser.add_argument("--smtp", type=int, default=1025)
    parser.add_argument("--page", type=int, default=8025)
    parser.add_argument("--folder", type=Path, default=Path(".devstack/mail"))
    arguments = parser.parse_args()
    asyncio.run(serve(smtp_port=arguments.smtp, page_port=arguments.page, folder=arguments.folder))


if __name__ == "__main__":
    main()
