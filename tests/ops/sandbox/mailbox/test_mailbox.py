"""A mail that is sent over SMTP can be read on the page."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from ops.devstack.ports import PortBook

Mailbox = tuple[int, str, Path]


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with PortBook() as book:
        yield from _run(book.pick(21025), book.pick(28025), tmp_path)


def _run(smtp: int, page: int, tmp_path: Path) -> Iterator[Mailbox]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ops.sandbox.mailbox",
            "--smtp",
            str(smtp),
            "--page",
            str(page),
            "--folder",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert b"mailbox page" in process.stdout.readline()
    yield smtp, f"http://127.0.0.1:{page}", tmp_path
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()


def _send(port: int, subject: str = "Welcome <b>you</b>") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "hub@example.com", "ada@example.com", subject
    message.set_content("Points: 5")
    message.add_alternative("<p>Points: <b>5</b></p><script>alert(1)</script>", subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.send_message(message, to_addrs=["ada@example.com", "hidden@example.com"])


def _get(url: str) -> tuple[str, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode(), dict(answer.headers)


def test_empty_mailbox_says_what_comes_here(mailbox: Mailbox) -> None:
    assert "No mail yet" in _get(mailbox[1] + "/")[0]


def test_sent_mail_is_listed_and_readable(mailbox: Mailbox) -> None:
    smtp, page, _ = mailbox
    _send(smtp)
    (mail,) = json.loads(_get(page + "/mails.json")[0])
    assert (mail["subject"], mail["to"]) == ("Welcome <b>you</b>", "ada@example.com, hidden@example.com")
    assert mail["text"].strip() == "Points: 5"
    index, _ = _get(page + "/")
    assert "Welcome &lt;b&gt;you&lt;/b&gt;" in index
    assert "Points: 5" in _get(f"{page}/mails/{mail['id']}")[0]


def test_html_of_a_mail_runs_no_scripts(mailbox: Mailbox) -> None:
    smtp, page, _ = mailbox
    _send(smtp)
    (mail,) = json.loads(_get(page + "/mails.json")[0])
    _, headers = _get(f"{page}/mails/{mail['id']}/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "sandbox" in headers["Content-Security-Policy"]


def test_oldest_mails_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ops.sandbox.mailbox import store

    monkeypatch.setattr(store, "KEPT", 3)
    kept = store.MailStore(tmp_path)
    for number in range(5):
        kept.add(f"Subject: {number}\r\n\r\nx".encode(), recipients=["a@b.c"])
        time.sleep(0.001)
    assert [mail.subject for mail in kept.list_mails()] == ["4", "3", "2"]
