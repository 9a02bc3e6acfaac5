"""Who signed a webhook is told as Stripe's own library tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from billing.inbox.errors import BadSignatureError, StaleSignatureError
from billing.inbox.signatures import check_signature, sign_body
from saas.core import clock
from tests.billing.inbox.material import OLD_SECRET, SECRET, sign

BODY = b'{"id": "evt_1"}'


def passes(body: bytes, header: str, *secrets: str) -> bool:
    try:
        check_signature(body, header, secrets=secrets, now=clock.now())
    except (BadSignatureError, StaleSignatureError):
        return False
    return True


def library_passes(body: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body.decode(), header, secret, 300)
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        return False
    return True


def test_it_signs_as_the_library_does() -> None:
    theirs = stripe.WebhookSignature._compute_signature("1700000000." + BODY.decode(), SECRET)
    assert sign_body(BODY, moment=1_700_000_000, secret=SECRET) == theirs


@given(text=st.text(max_size=200), age=st.integers(-100, 290))
def test_what_the_library_takes_is_taken(text: str, age: int) -> None:
    body = text.encode("utf-8", "replace")
    header = sign(body, moment=int(clock.now().timestamp()) - age)
    assert passes(body, header, SECRET)
    assert library_passes(body, header, SECRET)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "v1=abc",
        "t=,v1=",
        "t=x,v1=abc",
        "t=99999999999999999999,v1=abc",
        "t=١٢٣,v1=abc",
        "v1=ü",
        "t=1,v1=\udcff",
        "nonsense",
        "t=1,v0=" + "0" * 64,
        "t=1," + ",".join(f"v1={number}" for number in range(500)),
    ],
)
def test_what_is_no_signature_is_refused_as_the_library_refuses_it(header: str) -> None:
    assert not passes(BODY, header, SECRET)
    assert not library_passes(BODY, header, SECRET)


def test_an_old_scheme_beside_the_right_one_does_no_harm() -> None:
    header = f"{sign(BODY)},v0={'0' * 64}"
    assert passes(BODY, header, SECRET)
    assert library_passes(BODY, header, SECRET)


def test_one_changed_byte_is_seen() -> None:
    header = sign(BODY)
    assert passes(BODY, header, SECRET)
    for position in range(len(BODY)):
        other = BODY[:position] + bytes([BODY[position] ^ 1]) + BODY[position + 1 :]
        assert not passes(other, header, SECRET)


def test_a_changed_moment_is_seen() -> None:
    now = int(clock.now().timestamp())
    header = sign(BODY, moment=now).replace(f"t={now}", f"t={now + 1}")
    assert not passes(BODY, header, SECRET)


def test_while_a_secret_is_changed_either_counts() -> None:
    assert passes(BODY, sign(BODY, secret=OLD_SECRET), SECRET, OLD_SECRET)
    assert passes(BODY, sign(BODY, secret=SECRET), SECRET, OLD_SECRET)
    both = f"{sign(BODY, secret=OLD_SECRET)},{sign(BODY).partition(',')[2]}"
    assert passes(BODY, both, SECRET)
    assert not passes(BODY, sign(BODY, secret=OLD_SECRET), SECRET)


def test_without_a_secret_nothing_passes() -> None:
    assert not passes(BODY, sign(BODY, secret=""))
    assert not passes(BODY, sign(BODY))


@pytest.mark.parametrize(("seconds", "fits"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_five_minutes_are_tolerated(seconds: int, fits: bool) -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    header = sign(BODY, moment=int(moment.timestamp()))
    with clock.frozen_at(moment + timedelta(seconds=seconds)):
        assert passes(BODY, header, SECRET) is fits


def test_that_it_is_stale_is_told_to_those_alone_who_signed_it() -> None:
    long_ago = int(clock.now().timestamp()) - 3600
    with pytest.raises(StaleSignatureError):
        check_signature(BODY, sign(BODY, moment=long_ago), secrets=[SECRET], now=clock.now())
    with pytest.raises(BadSignatureError):
        check_signature(
            BODY, sign(BODY, moment=long_ago, secret="whsec_x"), secrets=[SECRET], now=clock.now()
        )
