"""Signed texts that end, and digests that only we can make."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from saas.core import clock, crypto


def test_a_text_signed_until_a_moment_is_the_same_each_time_and_over_then() -> None:
    until = datetime(2026, 5, 4, 12, tzinfo=UTC)
    text = crypto.sign_until({"f": 1}, purpose="file", until=until)

    assert text == crypto.sign_until({"f": 1}, purpose="file", until=until)
    with clock.frozen_at(until - timedelta(seconds=1)):
        assert crypto.unsign_until(text, purpose="file") == {"f": 1}
        for wrong, purpose in ((text, "other"), (text[:-1], "file"), ("", "file"), ("a:b:c", "file")):
            with pytest.raises(crypto.BadSignatureError):
                crypto.unsign_until(wrong, purpose=purpose)
    with clock.frozen_at(until), pytest.raises(crypto.BadSignatureError):
        crypto.unsign_until(text, purpose="file")


def test_a_keyed_digest_is_known_again_under_a_new_key_and_says_nothing_without_one(settings: Any) -> None:
    old, new = settings.FIELD_KEYS[0], base64.urlsafe_b64encode(b"n" * 32).decode()
    digest = crypto.keyed_digest("CODE-1", purpose="code")

    settings.FIELD_KEYS = [new, old]
    assert crypto.keyed_digest("CODE-1", purpose="code") == digest
    assert (
        len(
            {
                digest,
                crypto.keyed_digest("CODE-1", purpose="x"),
                crypto.keyed_digest("CODE-2", purpose="code"),
            }
        )
        == 3
    )
    settings.FIELD_KEYS = [new]
    assert crypto.keyed_digest("CODE-1", purpose="code") != digest
