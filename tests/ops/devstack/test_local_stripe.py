"""What the stack tells the product of Stripe: the local one, unless the environment names a key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops.devstack.servers import Servers
from ops.devstack.stack import Ports, Stack
from ops.sandbox.stripe.config import LOCAL_KEY

SERVERS = Servers("postgresql://app@db/hub", "postgresql://owner@db/hub", "redis://cache", "redis://stream")
PORTS = Ports(*range(8000, 8009))


def environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    return Stack(SERVERS, folder, PORTS, given).environment()


def test_without_a_key_the_local_stripe_is_named_with_a_secret_that_stays(tmp_path: Path) -> None:
    told = environment(tmp_path, {})

    assert told["STRIPE_SECRET_KEY"] == LOCAL_KEY
    assert told["STRIPE_API_URL"] == "http://127.0.0.1:8008"
    assert told["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert environment(tmp_path, {}) == told


def test_with_a_key_of_an_account_nothing_of_the_local_one_is_named(tmp_path: Path) -> None:
    told = environment(tmp_path, {"STRIPE_SECRET_KEY": "sk_test_mine", "STRIPE_WEBHOOK_SECRET": "whsec_mine"})

    assert not [
        name for name in told if name.startswith("STRIPE")
    ]  # the given ones are passed on as they are


def test_a_stack_from_before_keeps_its_keys_and_gains_the_secret(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"SECRET_KEY": "old", "FIELD_KEYS": "older"}')

    told = environment(tmp_path, {})

    assert (told["SECRET_KEY"], told["FIELD_KEYS"]) == ("old", "older")
    assert told["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
