"""Interactions: what a member does with the bot's commands, buttons and forms, and what the bot answers.

Invariant: one answer within three seconds (else 10062), one only (else 40060); the token is good for fifteen minutes.
An ephemeral answer is seen by nobody but the one who asked.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from .config import Config
from .errors import refused
from .state import permissions
from .state.entities import Channel, Guild, Message, User
from .state.payloads import Payload, channel_payload, member_payload, message_payload, user_payload
from .state.snowflakes import now_ms
from .state.world import Happening, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
_KEPT = 5000
_ATTACHMENT_LIMIT = 10 * 1024 * 1024


@dataclass(slots=True)
class Interaction:
    """`callback` is the type of the first answer; `replies` are the messages sent, the original first."""

    id: int
    token: str
    type: int
    user_id: int
    channel: Channel
    guild: Guild | None
    data: dict[str, Any]
    created: float
    source: Message | None = None
    opened_by: Interaction | None = None
    callback: int | None = None
    answered_after: float | None = None
    ephemeral: bool = False
    original_id: int | None = None
    pending: bool = False
    replies: list[int] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    failure: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        self.changed.set()


class Interactions:
    """All interactions of this run, newest last."""

    def __init__(self, world: World, config: Config) -> None:
        self._world = world
        self._config = config
        self._by_token: OrderedDict[str, Interaction] = OrderedDict()
        self._by_id: dict[int, Interaction] = {}

    def clear(self) -> None:
        self._by_token.clear()
        self._by_id.clear()

    def start(
        self,
        type: int,
        *,
        user: User,
        channel: Channel,
        guild: Guild | None,
        data: dict[str, Any],
        source: Message | None = None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """Make an interaction and send INTERACTION_CREATE to the shard of its guild."""
        interaction = Interaction(
            self._world.ids.make(),
            secrets.token_urlsafe(48),
            type,
            user.id,
            channel,
            guild,
            data,
            time.monotonic(),
            source,
            opened_by,
        )
        self._by_token[interaction.token] = interaction
        self._by_id[interaction.id] = interaction
        while len(self._by_token) > _KEPT:
            _, gone = self._by_token.popitem(last=False)
            self._by_id.pop(gone.id, None)
        payload = self._payload(interaction, user)
        guild_id = guild.id if guild is not None else None
        self._world.emit(Happening("INTERACTION_CREATE", payload, guild_id=guild_id))
        return interaction

    def _payload(self, interaction: Interaction, user: User) -> Payload:
        world, guild, channel = self._world, interaction.guild, interaction.channel
        payload: Payload = {
            "id": str(interaction.id),
            "application_id": str(world.bot_id),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": channel_payload(world, channel),
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": _ATTACHMENT_LIMIT,
        }
        if guild is None:
            return (
                payload
                | self._rest(interaction)
                | {
                    "user": user_payload(user),
                    "context": 1,
                    "app_permissions": str(permissions.ALL),
                    "authorizing_integration_owners": {},
                }
            )
        member = guild.members[user.id]
        allowed = permissions.channel_permissions(guild, member, channel, at_ms=now_ms())
        bot = guild.members[world.bot_id]
        payload["channel"]["permissions"] = str(allowed)
        return (
            payload
            | self._rest(interaction)
            | {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": guild.features},
                "guild_locale": guild.locale,
                "member": member_payload(member, user) | {"permissions": str(allowed)},
                "context": 0,
                "app_permissions": str(permissions.channel_permissions(guild, bot, channel)),
                "authorizing_integration_owners": {"0": str(guild.id)},
            }
        )

    def _rest(self, interaction: Interaction) -> Payload:
        if interaction.source is None:
            return {}
        return {"message": message_payload(self._world, interaction.source)}

    # --- finding, with Discord's refusals ---

    def to_answer(self, interaction_id: int, token: str) -> Interaction:
        """The interaction whose first answer arrives now."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(interaction.token, token):
            raise refused(10062)
        if interaction.callback is not None:
            raise refused(40060)
        if time.monotonic() - interaction.created > self._config.answer_within:
            interaction.failure = "The application did not respond"
            raise refused(10062)
        return interaction

    def to_follow_up(self, token: str) -> Interaction:
        """The interaction whose token addresses followed-up messages. It must have been answered."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.callback is None:
            raise refused(10015)
        if time.monotonic() - interaction.created > self._config.token_lifetime:
            raise refused(50027)
        return interaction

    def find(self, interaction_id: int) -> Interaction | None:
        return self._by_id.get(interaction_id)

    # --- waiting, for the tester ---

    async def wait_answer(self, interaction: Interaction, *, complete: bool = True) -> None:
        """Wait for the answer, and for the message behind a deferral; marks the failure when three seconds pass."""
        limit = interaction.created + self._config.answer_within + 0.25
        while interaction.callback is None:
            if not await _wait(interaction, limit):
                interaction.failure = interaction.failure or "The application did not respond"
                return
        limit = interaction.created + self._config.token_lifetime
        while complete and interaction.pending:
            if not await _wait(interaction, limit):
                interaction.failure = "The application never completed its deferred answer"
                return

    def describe(self, interaction: Interaction) -> Payload:
        """The record of an interaction, as the control API tells it."""
        messages = (self._world.find_message(interaction.channel.id, reply) for reply in interaction.replies)
        return {
            "id": str(interaction.id),
            "type": interaction.type,
            "callback": interaction.callback,
            "answered_after_ms": None
            if interaction.answered_after is None
            else round(interaction.answered_after * 1000, 2),
            "ephemeral": interaction.ephemeral,
            "failure": interaction.failure,
            "replies": [message_payload(self._world, message) for message in messages if message is not None],
            "modal": interaction.modal,
            "choices": interaction.choices,
        }


async def _wait(interaction: Interaction, limit: float) -> bool:
    interaction.changed.clear()
    try:
        await asyncio.wait_for(interaction.changed.wait(), max(limit - time.monotonic(), 0.001))
    except TimeoutError:
        return False
    return True


def interaction_metadata(interaction: Interaction, user: User) -> Payload:
    """What a reply tells of the interaction that it answers."""
    owners = {} if interaction.guild is None else {"0": str(interaction.guild.id)}
    metadata: Payload = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": user_payload(user),
        "authorizing_integration_owners": owners,
    }
    if interaction.type == COMMAND:
        metadata["name"] = interaction.data.get("name")
        metadata["command_type"] = interaction.data.get("type", 1)
    elif interaction.opened_by is not None:
        metadata["triggering_interaction_metadata"] = interaction_metadata(interaction.opened_by, user)
    elif interaction.source is not None:
        metadata["interacted_message_id"] = str(interaction.source.id)
    return metadata
