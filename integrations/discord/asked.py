"""A message that asks the team to decide on something, posted once and kept as things are.

Invariants: one message for each thing, whatever comes twice (the delivery's row, Discord's nonce); what is true now counts, not what was
when the news was published. Where the message is gone, the thing still waits on the dashboard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tenants.context import TenantContext

from .announcements import claim_delivery, deliver
from .client import DiscordClient
from .errors import MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, DiscordRefusedError
from .models import Delivery
from .problems import clear_problem, note_problem

CLOSED: Final = frozenset({UNKNOWN_CHANNEL, MISSING_ACCESS, MISSING_PERMISSIONS})


@dataclass(frozen=True, slots=True)
class Asked:
    """`place` is where the message stands (channel, message), None where there is none; `channel_id` where one would be posted while
    it `waits`. `note` keeps (channel, message), `forget` gives them up."""

    place: tuple[int, int] | None
    channel_id: int | None
    waits: bool
    describe: Callable[[], dict[str, Any]]
    note: Callable[[int, int], None]
    forget: Callable[[], None]


def follow(context: TenantContext, client: DiscordClient, asked: Asked, *, event_id: int) -> None:
    """Post the message, or bring the one that stands up to date. Idempotent on `event_id`. Raises RetryLaterError, DiscordAwayError."""
    if asked.place is not None:
        _refresh(client, asked, *asked.place)
    elif asked.waits and asked.channel_id is not None:
        _post(context, client, asked, asked.channel_id, event_id)


def _post(
    context: TenantContext, client: DiscordClient, asked: Asked, channel_id: int, event_id: int
) -> None:
    delivery = claim_delivery(event_id)
    if delivery.state == Delivery.State.WAITING:
        delivery = deliver(
            context,
            client,
            delivery,
            asked.describe(),
            channel_id,
            in_channel=True,
            note_refusal=note_refusal,
        )
    if delivery.state == Delivery.State.SENT and delivery.message_id and delivery.channel_id:
        clear_problem(key=problem_of(channel_id))
        asked.note(delivery.channel_id, delivery.message_id)


def _refresh(client: DiscordClient, asked: Asked, channel_id: int, message_id: int) -> None:
    try:
        client.edit_message(channel_id, message_id, asked.describe())
    except DiscordRefusedError as error:
        if error.code == UNKNOWN_MESSAGE or error.code in CLOSED:
            asked.forget()
            return
        raise


def problem_of(channel_id: int) -> str:
    return f"team:{channel_id}"


def note_refusal(error: DiscordRefusedError, target: int, in_channel: bool) -> None:
    """A closed channel is the organiser's. Anything else is ours."""
    if error.code not in CLOSED:
        raise error
    note_problem(
        key=problem_of(target),
        message=(
            f"The team cannot be asked in the channel {target}: Discord says “{error}”. What waits stands on the dashboard. Give "
            "EngageHub View Channel, Send Messages and Embed Links there, or choose another channel under Announcements."
        ),
    )
