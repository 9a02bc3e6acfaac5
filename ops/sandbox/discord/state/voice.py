"""Voice: who sits where, muted or deafened. Moving to the AFK channel is what a member's client does when idle."""

from __future__ import annotations

from .entities import Guild, VoiceState
from .payloads import member_payload, voice_payload
from .world import Happening, World


def set_voice(
    world: World,
    guild: Guild,
    user_id: int,
    *,
    channel_id: int,
    self_mute: bool = False,
    self_deaf: bool = False,
) -> VoiceState:
    """Join or move to a voice channel, or change mute and deafen there; emits VOICE_STATE_UPDATE."""
    member = guild.members[user_id]
    state = guild.voice.get(user_id)
    if state is None:
        state = VoiceState(user_id, channel_id, f"{world.ids.make():032x}")
        guild.voice[user_id] = state
    state.channel_id = channel_id
    state.self_mute = self_mute or self_deaf
    state.self_deaf = self_deaf
    state.mute, state.deaf = member.mute, member.deaf
    state.suppress = channel_id == guild.afk_channel_id
    emit_voice(world, guild, state)
    return state


def leave_voice(world: World, guild: Guild, user_id: int) -> None:
    """Leave voice, if there; emits VOICE_STATE_UPDATE without a channel."""
    state = guild.voice.pop(user_id, None)
    if state is not None:
        state.channel_id = None
        emit_voice(world, guild, state)


def server_mute(world: World, guild: Guild, user_id: int, *, mute: bool, deaf: bool) -> None:
    """A moderator mutes or deafens a member for the whole guild."""
    member = guild.members[user_id]
    member.mute, member.deaf = mute, deaf
    state = guild.voice.get(user_id)
    if state is not None:
        state.mute, state.deaf = mute, deaf
        emit_voice(world, guild, state)


def emit_voice(world: World, guild: Guild, state: VoiceState) -> None:
    data = voice_payload(guild, state)
    member = guild.members.get(state.user_id)
    if member is not None:
        data["member"] = member_payload(member, world.users[state.user_id])
    world.emit(
        Happening("VOICE_STATE_UPDATE", data, guild_id=guild.id, author_id=state.user_id, channel_id=None)
    )
