"""What stands in the bot's way, in plain words, each with the one step that mends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.discord.diagnosis import BotFacts, Finding, Level, diagnose
from integrations.discord.presence import Presence
from integrations.discord.rights import (
    ASKED_FOR,
    EMBED_LINKS,
    MANAGE_ROLES,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    WANTED,
)

GUILD, BOT, BOT_ROLE, GOLD, SILVER = 1000, 2000, 3000, 4000, 5000


def role(
    id_: int, name: str, position: int, *, permissions: int = 0, managed: bool = False
) -> dict[str, Any]:
    return {
        "id": str(id_),
        "name": name,
        "position": position,
        "permissions": str(permissions),
        "managed": managed,
    }


def channel(id_: int, name: str, *, deny: int = 0, type: int = 0, who: int = BOT_ROLE) -> dict[str, Any]:
    rules = [{"id": str(who), "type": 0, "allow": "0", "deny": str(deny)}] if deny else []
    return {"id": str(id_), "name": name, "type": type, "position": id_, "permission_overwrites": rules}


def facts(**change: Any) -> BotFacts:
    """Everything in order, but for `change`. `rights` are those of the bot's own role."""
    rights = change.pop("rights", ASKED_FOR)
    above = change.pop("bot_at", 9)
    guild = {
        "id": str(GUILD), "owner_id": "1",
        "roles": [
            role(GUILD, "@everyone", 0), role(BOT_ROLE, "EngageHub", above, permissions=rights, managed=True),
            role(GOLD, "Gold", 5), role(SILVER, "Silver ‮<b>", 4),
        ],
    }  # fmt: skip
    return replace(
        BotFacts(
            presence=Presence(True, True, frozenset({"earn"})),
            announces=True,
            announces_in_channels=True,
            level_roles=(GOLD, SILVER),
            guild=guild,
            own={"user": {"id": str(BOT)}, "roles": [str(BOT_ROLE)]},
            channels=(channel(1, "general"), channel(2, "art"), channel(3, "Lounge", type=2)),
            published=frozenset({"earn"}),
        ),
        **change,
    )


def bad(given: BotFacts) -> list[Finding]:
    return [finding for finding in diagnose(given) if finding.level != Level.GOOD]


def only(given: BotFacts) -> Finding:
    (finding,) = bad(given)
    assert finding.fix
    assert finding.title
    return finding


def test_in_order_everything_is_good_and_nothing_is_to_do() -> None:
    found = diagnose(facts())
    assert {finding.code for finding in found} == {"online", "hears", "tells", "gives", "members", "commands"}
    assert all(finding.level == Level.GOOD and not finding.fix for finding in found)


@pytest.mark.parametrize("presence", [None, Presence(False, True, frozenset())])
def test_offline(presence: Presence | None) -> None:
    assert only(facts(presence=presence)).code == "offline"


def test_an_outage_is_nobodys_to_mend() -> None:
    assert only(facts(unavailable_since=datetime.now(UTC))).code == "outage"


def test_absent_nothing_else_is_said() -> None:
    assert [finding.code for finding in diagnose(facts(guild=None, own=None))] == ["absent"]
    away = facts(guild=None, own=None, unavailable_since=datetime.now(UTC))
    assert [finding.code for finding in diagnose(away)] == ["outage"]


def test_channels_that_it_does_not_see_are_named() -> None:
    hidden = [channel(10 + number, f"secret-{number}", deny=VIEW_CHANNEL) for number in range(12)]
    found = only(facts(channels=(channel(1, "general"), *hidden)))
    assert (found.code, found.level) == ("hidden", Level.WARN)
    assert found.title == "It does not see 12 channels"
    assert "#secret-0, #secret-1" in found.text
    assert "and 4 more" in found.text
    assert "add the role “EngageHub” and allow View Channel" in found.fix


def test_without_view_channels_it_is_deaf() -> None:
    found = bad(facts(rights=ASKED_FOR & ~VIEW_CHANNEL))
    assert "deaf" in {finding.code for finding in found}
    assert found[0].level == Level.BAD


def test_a_chosen_channel_where_it_may_not_embed() -> None:
    chosen = channel(1, "news <script>", deny=EMBED_LINKS)
    found = only(facts(announcement_channel=1, channels=(chosen, channel(2, "art"))))
    assert (found.code, found.level) == ("mute", Level.BAD)
    assert "allow Embed Links." in found.fix
    assert "#news <script>" in found.title


def test_a_chosen_channel_that_is_gone() -> None:
    assert only(facts(announcement_channel=99)).code == "no_channel"


def test_channels_where_it_hears_but_may_not_answer() -> None:
    mute = channel(2, "art", deny=SEND_MESSAGES | EMBED_LINKS)
    found = only(facts(channels=(channel(1, "general"), mute)))
    assert (found.code, found.level) == ("mute", Level.WARN)
    assert "allow Send Messages and Embed Links" in found.fix


def test_where_nothing_is_announced_nothing_is_asked_of_channels() -> None:
    mute = (channel(2, "art", deny=SEND_MESSAGES),)
    assert bad(facts(channels=mute, announces=False)) == []
    assert bad(facts(channels=mute, announces_in_channels=False)) == []


def test_without_manage_roles_level_roles_stay_away() -> None:
    found = only(facts(rights=ASKED_FOR & ~MANAGE_ROLES))
    assert found.code == "no_manage_roles"
    assert "switch Manage Roles on" in found.fix
    assert bad(facts(rights=ASKED_FOR & ~MANAGE_ROLES, level_roles=())) == []


def test_level_roles_above_its_own_are_named_and_the_highest_is_the_mark() -> None:
    found = only(facts(bot_at=3))
    assert found.code == "roles_above"
    assert "“Gold” and “Silver <b>”" in found.text
    assert found.fix.endswith("drag “EngageHub” above “Gold”.")


def test_roles_that_are_gone_or_discords_own() -> None:
    assert only(facts(level_roles=(GOLD, 77))).code == "missing_role"
    assert only(facts(level_roles=(GOLD, BOT_ROLE))).code == "managed_role"


def test_the_members_intent_and_commands() -> None:
    assert only(facts(members_intent=False)).code == "no_members"
    assert only(facts(may_command=False)).code == "no_commands"
    found = only(facts(presence=Presence(True, True, frozenset({"earn", "help"}))))
    assert (found.code, "/help" in found.text) == ("stale_commands", True)


def test_the_owner_of_everything_needs_no_rights() -> None:
    assert bad(facts(rights=1 << 3, channels=(channel(1, "general", deny=VIEW_CHANNEL),))) == []


def test_overwrites_are_read_as_discord_reads_them() -> None:
    """What one role allows wins over what another denies, and the member's own rule over both."""
    from integrations.discord.rights import channel_rights

    given = facts()
    assert given.guild is not None
    assert given.own is not None
    rules = [
        {"id": str(GUILD), "allow": "0", "deny": str(VIEW_CHANNEL)},
        {"id": str(BOT_ROLE), "allow": str(VIEW_CHANNEL), "deny": "0"},
    ]
    place = {"permission_overwrites": rules}
    assert channel_rights(given.guild, given.own, place) & VIEW_CHANNEL
    rules.append({"id": str(BOT), "allow": "0", "deny": str(VIEW_CHANNEL)})
    assert channel_rights(given.guild, given.own, place) == 0


def test_what_is_asked_for_is_said() -> None:
    assert sum(wanted.bit for wanted in WANTED) == ASKED_FOR
    assert all(wanted.purpose for wanted in WANTED)
