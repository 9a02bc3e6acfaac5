"""Mails: they wait sealed, leave with the commit, and survive a mail server that is away."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction

from saas.core.crypto import BadSealError, seal, unseal
from saas.events.retries import PermanentJobError
from tenants.jobs import deliver_letter
from tenants.letters import Letter, open_letter, send_letter
from tests.mailbox import send_waiting

LETTER = Letter("ada@example.org", "Hello\nthere", ("One.", "Two."), "Open it", "https://example.org/secret")


def waiting() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("select args::text from public.procrastinate_jobs where queue_name = 'mail'")
        return [str(row[0]) for row in cursor.fetchall()]


def test_it_waits_sealed_and_arrives_as_text_and_html(db: None) -> None:
    send_letter(LETTER)
    (stored,) = waiting()
    assert "secret" not in stored
    assert "ada" not in stored
    (arrived,) = send_waiting()
    assert arrived.subject == "Hello there"
    assert "Open it:\nhttps://example.org/secret" in str(arrived.body)
    assert 'href="https://example.org/secret"' in str(arrived.alternatives[0][0])  # type: ignore[index]


def test_what_is_rolled_back_is_not_told(db: None) -> None:
    with transaction.atomic():
        send_letter(LETTER)
        transaction.set_rollback(True)
    assert waiting() == []


def test_a_refused_address_is_not_tried_again(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SMTPRecipientsRefused({})

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    send_letter(LETTER)
    with pytest.raises(PermanentJobError):
        send_waiting()


def test_a_server_that_is_away_is_tried_again(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    send_letter(LETTER)
    with pytest.raises(ConnectionRefusedError):
        send_waiting()
    assert deliver_letter.queue == "mail"


def test_a_seal_is_for_its_purpose_and_any_of_the_keys_opens_it(settings: object) -> None:
    sealed = seal("a secret", purpose="one")
    assert unseal(sealed, purpose="one") == "a secret"
    with pytest.raises(BadSealError):
        unseal(sealed, purpose="two")
    with pytest.raises(BadSealError):
        unseal(sealed[:-8] + "AAAAAAA=", purpose="one")
    with pytest.raises(BadSealError):
        open_letter(sealed)
    old = settings.FIELD_KEYS  # type: ignore[attr-defined]
    new = "bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE="
    settings.FIELD_KEYS = [new, *old]  # type: ignore[attr-defined]
    assert unseal(sealed, purpose="one") == "a secret"
    settings.FIELD_KEYS = [new]  # type: ignore[attr-defined]
    with pytest.raises(BadSealError):
        unseal(sealed, purpose="one")
