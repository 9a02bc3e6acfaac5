"""Minutes in voice channels."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot_shard import session as session_module
from engagement.activity.messages import Activity

from .listening import Listener
from .payloads import ADA, AFK, BEN, GUILD, ROBOT, TEXT, VOICE, guild, member, user, voice

START = 1_800_000_000_000  # on the minute


class Clock:
    def __init__(self) -> None:
        self.ms = START

    def forward(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(session_module, "now_ms", lambda: clock.ms)
    return clock


@pytest.fixture
def listener(clock: Clock) -> Listener:
    listener = Listener()
    listener.hear("GUILD_CREATE", guild())
    return listener


@pytest.fixture
def tick(listener: Listener, clock: Clock) -> Callable[[float], list[Activity]]:
    def forward(seconds: float) -> list[Activity]:
        clock.forward(seconds)
        listener.ears.count_voice(listener.session, clock.ms)
        return listener.take()

    return forward


Tick = Callable[[float], list[Activity]]


def test_two_people_earn_a_minute_each(listener: Listener, tick: Tick) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN))
    assert tick(59) == []
    minutes = tick(1)
    assert {minute.subject for minute in minutes} == {f"discord:{ADA}", f"discord:{BEN}"}
    assert minutes[0].source_id == f"voice:{GUILD}:{ADA}:{START // 60_000}"
    assert minutes[0].attributes["channel"] == VOICE
    assert minutes[0].attributes["roles"] == ["77"]
    assert len({minute.source_id for minute in tick(600)}) == 20


def test_nobody_earns_alone(listener: Listener, tick: Tick) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    assert tick(300) == []


def test_a_bot_is_no_company(listener: Listener, tick: Tick) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    robot = member() | {"user": user(ROBOT, bot=True)}
    listener.hear("VOICE_STATE_UPDATE", voice(ROBOT, member=robot))
    assert tick(300) == []


@pytest.mark.parametrize("flag", ["mute", "deaf", "self_mute", "self_deaf", "suppress"])
def test_the_silent_earn_nothing(listener: Listener, tick: Tick, flag: str) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA, **{flag: True}))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN))
    assert {minute.subject for minute in tick(60)} == {f"discord:{BEN}"}


def test_the_afk_channel_earns_nothing(listener: Listener, tick: Tick) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA, AFK))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN, AFK))
    assert tick(300) == []


def test_falling_silent_keeps_the_minutes_before_and_starts_anew(
    listener: Listener, tick: Tick, clock: Clock
) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN))
    clock.forward(90)
    settled = listener.hear("VOICE_STATE_UPDATE", voice(ADA, self_mute=True))
    assert [minute.subject for minute in settled].count(f"discord:{ADA}") == 1
    clock.forward(20)
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    assert f"discord:{ADA}" not in {minute.subject for minute in tick(59)}
    assert f"discord:{ADA}" in {minute.subject for minute in tick(1)}


def test_leaving_makes_the_other_one_alone(listener: Listener, tick: Tick, clock: Clock) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN))
    clock.forward(61)
    settled = listener.hear("VOICE_STATE_UPDATE", voice(ADA, None))
    assert len(settled) == 2
    assert tick(300) == []


def test_moving_between_channels_with_company_goes_on(listener: Listener, tick: Tick, clock: Clock) -> None:
    for person, channel in ((ADA, VOICE), (BEN, VOICE), ("3000000000000000004", TEXT)):
        listener.hear("VOICE_STATE_UPDATE", voice(person, channel))
    clock.forward(30)
    listener.hear("VOICE_STATE_UPDATE", voice(ADA, TEXT))
    minutes = tick(30)
    assert [minute.subject for minute in minutes] == [f"discord:{ADA}"]
    assert minutes[0].attributes["channel"] == TEXT


def stored_voice(listener: Listener) -> dict[str, str]:
    """The hash as Redis would hold it after these commands."""
    facts: dict[str, str] = {}
    for words in listener.take_commands():
        if words[:2] == [b"HSET", f"voice:{GUILD}".encode()]:
            facts |= {words[n].decode(): words[n + 1].decode() for n in range(2, len(words), 2)}
    return facts


def test_a_killed_process_is_followed_without_a_minute_lost_or_doubled(
    listener: Listener, clock: Clock
) -> None:
    for person in (ADA, BEN):
        number = listener.session.watermark.heard + 1
        listener.session.watermark.hear(number)
        listener.ears.voice_state(listener.session, number, voice(person))
    facts = stored_voice(listener)

    heir = Listener()
    heir.session.replaying_from_ms = clock.ms
    heir.ears.voice.restore(GUILD, facts)
    clock.forward(150)
    heir.ears.count_voice(heir.session, clock.ms)
    assert heir.take() == [], "nothing is counted before the replay is over"
    heir.session.resumed()
    heir.ears.count_voice(heir.session, clock.ms)
    assert [minute.subject for minute in heir.take()].count(f"discord:{ADA}") == 2


def test_who_left_while_we_were_away_earns_only_until_then(listener: Listener, clock: Clock) -> None:
    for person in (ADA, BEN):
        number = listener.session.watermark.heard + 1
        listener.session.watermark.hear(number)
        listener.ears.voice_state(listener.session, number, voice(person))
    facts = stored_voice(listener)

    heir = Listener()
    heir.session.replaying_from_ms = clock.ms + 10_000  # the last moment heard before the kill
    heir.ears.voice.restore(GUILD, facts)
    clock.forward(600)
    assert heir.hear("VOICE_STATE_UPDATE", voice(BEN, None)) == []


def test_guild_create_rebuilds_who_is_there(listener: Listener, tick: Tick) -> None:
    people = [member() | {"user": user(person)} for person in (ADA, BEN)]
    states = [voice(ADA), voice(BEN)]
    listener.hear("GUILD_CREATE", guild(members=people, voice_states=states))
    assert len(tick(60)) == 2
    listener.hear("GUILD_CREATE", guild(members=people, voice_states=states))
    assert len(tick(60)) == 2, "the same stay goes on"
    listener.hear("GUILD_CREATE", guild())
    assert tick(300) == []


def test_an_outage_stops_the_clock(listener: Listener, tick: Tick) -> None:
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN))
    listener.hear("GUILD_DELETE", {"id": GUILD, "unavailable": True})
    assert tick(300) == []
    assert GUILD in listener.session.guild_ids


def test_an_unlinked_guild_earns_nothing_but_is_followed(clock: Clock) -> None:
    listener = Listener("5")
    listener.hear("VOICE_STATE_UPDATE", voice(ADA))
    listener.hear("VOICE_STATE_UPDATE", voice(BEN))
    clock.forward(60)
    listener.ears.count_voice(listener.session, clock.ms)
    assert listener.take() == []
