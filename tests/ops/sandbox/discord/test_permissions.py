"""How permissions add up: roles, overwrites, threads, time-outs, the order of roles."""

from __future__ import annotations

from ops.sandbox.discord.state import permissions
from ops.sandbox.discord.state.entities import PUBLIC_THREAD, TEXT, Channel, Guild, Member, Overwrite, Role
from ops.sandbox.discord.state.permissions import (
    ADMINISTRATOR,
    ALL,
    KICK_MEMBERS,
    READ_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    channel_permissions,
    outranks_member,
    outranks_role,
)

EVERYONE, LOW, HIGH = 1, 2, 3
BASE = VIEW_CHANNEL | SEND_MESSAGES | READ_HISTORY


def _guild() -> Guild:
    guild = Guild(EVERYONE, "Test", owner_id=100)
    guild.roles = {
        EVERYONE: Role(EVERYONE, "@everyone", 0, BASE),
        LOW: Role(LOW, "low", 1),
        HIGH: Role(HIGH, "high", 2, KICK_MEMBERS),
    }
    return guild


def _channel(*overwrites: Overwrite) -> Channel:
    return Channel(50, TEXT, "room", EVERYONE, overwrites={o.id: o for o in overwrites})


def test_roles_add_up_and_owner_and_administrator_may_everything() -> None:
    guild, channel = _guild(), _channel(Overwrite(EVERYONE, 0, deny=VIEW_CHANNEL))
    assert permissions.base_permissions(guild, Member(5, 0, roles=[LOW, HIGH])) == BASE | KICK_MEMBERS
    assert channel_permissions(guild, Member(100, 0), channel) == ALL
    guild.roles[LOW].permissions = ADMINISTRATOR
    assert channel_permissions(guild, Member(5, 0, roles=[LOW]), channel) == ALL


def test_overwrites_apply_everyone_then_roles_then_member() -> None:
    guild = _guild()
    channel = _channel(
        Overwrite(EVERYONE, 0, deny=SEND_MESSAGES),
        Overwrite(LOW, 0, deny=READ_HISTORY),
        Overwrite(HIGH, 0, allow=SEND_MESSAGES | READ_HISTORY),
        Overwrite(7, 1, deny=SEND_MESSAGES),
    )
    assert channel_permissions(guild, Member(5, 0), channel) == VIEW_CHANNEL | READ_HISTORY
    assert channel_permissions(guild, Member(5, 0, roles=[LOW]), channel) == VIEW_CHANNEL
    both = channel_permissions(guild, Member(5, 0, roles=[LOW, HIGH]), channel)
    assert both == BASE | KICK_MEMBERS, "an allow of one role beats a deny of another"
    assert not channel_permissions(guild, Member(7, 0, roles=[HIGH]), channel) & SEND_MESSAGES


def test_without_viewing_nothing_is_left_and_threads_inherit() -> None:
    guild, channel = _guild(), _channel(Overwrite(EVERYONE, 0, deny=VIEW_CHANNEL))
    thread = Channel(51, PUBLIC_THREAD, "thread", EVERYONE, parent_id=50)
    guild.channels = {50: channel, 51: thread}
    assert channel_permissions(guild, Member(5, 0), channel) == 0
    assert channel_permissions(guild, Member(5, 0), thread) == 0


def test_a_time_out_leaves_reading() -> None:
    guild, channel = _guild(), _channel()
    member = Member(5, 0, timeout_ms=2_000)
    assert channel_permissions(guild, member, channel, at_ms=1_000) == VIEW_CHANNEL | READ_HISTORY
    assert channel_permissions(guild, member, channel, at_ms=3_000) == BASE


def test_only_what_stands_below_is_in_reach() -> None:
    guild = _guild()
    low, high, owner = Member(5, 0, roles=[LOW]), Member(6, 0, roles=[HIGH]), Member(100, 0)
    assert outranks_role(guild, high, guild.roles[LOW])
    assert not outranks_role(guild, high, guild.roles[HIGH])
    assert not outranks_role(guild, low, guild.roles[HIGH])
    assert outranks_role(guild, owner, guild.roles[HIGH])
    assert outranks_member(guild, high, low)
    assert not outranks_member(guild, low, high)
    assert not outranks_member(guild, high, owner)
    guild.roles[HIGH].position = 1
    assert not outranks_role(guild, high, guild.roles[LOW]), "at one position the older role ranks higher"
    assert outranks_role(guild, low, guild.roles[HIGH])
