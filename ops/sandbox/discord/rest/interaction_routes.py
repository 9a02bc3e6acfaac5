"""The first answer to an interaction: pong, message, deferral, update, choices or a form."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from ..errors import invalid_form
from ..interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, interaction_metadata
from ..state.entities import EPHEMERAL, LOADING, Message
from ..state.messages import edit_message, post_message
from ..state.payloads import message_payload
from .bodies import COMPONENTS_V2, read_components, read_message
from .call import ANYBODY, Call, answer, route

PONG, MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
_ALLOWED = {
    COMMAND: {MESSAGE, DEFER, MODAL},
    COMPONENT: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE},
}


@route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", auth=ANYBODY, exempt=True)
async def answer_interaction(call: Call) -> web.StreamResponse | None:
    """The bot's first answer. 10062 when late, 40060 when it is not the first."""
    body = call.fields()
    kind = body.get("type")
    interaction = call.discord.interactions.to_answer(
        call.id("interaction_id"), call.text("interaction_token")
    )
    if kind not in _ALLOWED[interaction.type] or (
        kind in (DEFER_UPDATE, UPDATE) and interaction.source is None
    ):
        raise invalid_form(
            "type", "BASE_TYPE_CHOICES", f"The value {kind!r} is not allowed for this interaction."
        )
    data = body.get("data") or {}
    message = _act(call, interaction, int(kind), data)
    interaction.callback = int(kind)
    interaction.answered_after = time.monotonic() - interaction.created
    interaction.touch()
    call.discord.note_interaction(interaction)
    if call.query.get("with_response", "").lower() not in ("1", "true"):
        return None
    return answer(_response(call, interaction, int(kind), message))


def _act(call: Call, interaction: Interaction, kind: int, data: dict[str, Any]) -> Message | None:
    if kind == CHOICES:
        choices = data.get("choices") or []
        if len(choices) > 25:
            raise invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        interaction.choices = choices
        return None
    if kind == MODAL:
        interaction.modal = _read_modal(data)
        return None
    if kind == MESSAGE:
        fields = read_message(call, data, channel_id=interaction.channel.id)
        return send_reply(call, interaction, fields, data)
    if kind == DEFER:
        flags = int(data.get("flags") or 0) & EPHEMERAL | LOADING
        interaction.pending = True
        return send_reply(call, interaction, {"content": "", "flags": flags}, data)
    source = interaction.source
    assert source is not None
    interaction.original_id = source.id
    interaction.ephemeral = source.ephemeral_for is not None
    if kind == UPDATE:
        fields = read_message(call, data, channel_id=source.channel_id, editing=True)
        fields["flags"] = source.flags | fields.get("flags", 0) & COMPONENTS_V2
        edit_message(call.world, source, **fields)
        interaction.replies.append(source.id)
    return source


def send_reply(call: Call, interaction: Interaction, fields: dict[str, Any], body: dict[str, Any]) -> Message:
    """Post a message that answers an interaction; the first one is its `@original`."""
    world = call.world
    ephemeral = bool(fields.get("flags", 0) & EPHEMERAL)
    first = interaction.original_id is None
    reference = None
    if not first and interaction.original_id is not None:
        reference = {
            "type": 0,
            "message_id": str(interaction.original_id),
            "channel_id": str(interaction.channel.id),
        }
    content = fields.pop("content")
    message = post_message(
        world,
        interaction.channel,
        world.bot_id,
        content,
        allowed_mentions=body.get("allowed_mentions"),
        type=(23 if interaction.data.get("type", 1) in (2, 3) else 20)
        if first and interaction.type == COMMAND
        else (19 if not first else 0),
        interaction=interaction_metadata(interaction, world.users[interaction.user_id]),
        webhook_id=world.bot_id,
        application_id=world.bot_id,
        ephemeral_for=interaction.user_id if ephemeral else None,
        reference=reference,
        **fields,
    )
    if first:
        interaction.original_id = message.id
        interaction.ephemeral = ephemeral
    interaction.replies.append(message.id)
    return message


def _read_modal(data: dict[str, Any]) -> dict[str, Any]:
    for name, most in (("custom_id", 100), ("title", 45)):
        value = data.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise invalid_form(
                f"data.{name}", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length."
            )
    components = data.get("components") or []
    if not 1 <= len(components) <= 5:
        raise invalid_form("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    return {"custom_id": data["custom_id"], "title": data["title"], "components": read_components(components)}


def _response(call: Call, interaction: Interaction, kind: int, message: Message | None) -> dict[str, Any]:
    about: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
    response: dict[str, Any] = {"interaction": about}
    if message is not None:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": bool(message.flags & EPHEMERAL),
            "channel_id": str(message.channel_id),
        }
        if message.guild_id is not None:
            about["guild_id"] = str(message.guild_id)
    if kind in (MESSAGE, UPDATE) and message is not None:
        response["resource"] = {"type": kind, "message": message_payload(call.world, message)}
    return response
