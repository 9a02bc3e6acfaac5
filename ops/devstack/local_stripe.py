"""The local Stripe's place in the stack: it stands in where the environment names no key of a real account."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from ops.sandbox.stripe.config import LOCAL_KEY
from ops.sandbox.stripe.remote import Control

from .supervisor import Program

STATE = "stripe.sqlite3"


def is_wanted(given: Mapping[str, str]) -> bool:
    return not given.get("STRIPE_SECRET_KEY")


def environment(url: str, webhook_secret: str) -> dict[str, str]:
    """What the product's processes are told of it."""
    return {
        "STRIPE_SECRET_KEY": LOCAL_KEY,
        "STRIPE_WEBHOOK_SECRET": webhook_secret,
        "STRIPE_API_URL": url,
    }


def program(port: int, folder: Path, web_url: str, webhook_secret: str) -> Program:
    """`webhook_secret` may be two, parted by a comma: the first one signs."""
    options = (
        "--port", str(port), "--state", str(folder / STATE),
        "--webhook-url", f"{web_url}/stripe/webhook/", "--webhook-secret", webhook_secret.partition(",")[0],
    )  # fmt: skip
    return Program("stripe", (sys.executable, "-m", "ops.sandbox.stripe", *options), outside=True)


def state_files(folder: Path) -> list[Path]:
    """What it leaves in `folder`; SQLite keeps two files beside its own."""
    return [folder / f"{STATE}{ending}" for ending in ("", "-wal", "-shm")]


def look(url: str) -> dict[str, int]:
    """What it sells, and that its events arrive: those that left before the web was there are sent again. Raises ValueError
    with what the web said to one that it did not take."""
    control = Control(url)
    control.release()
    late = [one for one in control.deliveries() if one["state"] != "delivered"]
    if late:
        raise ValueError(
            f"{len(late)} events of the local Stripe were not taken; to one was said {late[0]['log'][-1:]}"
        )
    seen = control.describe()
    return {
        "prices": seen["objects"].get("price", 0),
        "events_taken": seen["objects"].get("event", 0),
        "violations": seen["violations"],
    }
