"""`manage.py sync_commands`, and what Discord is told."""

from __future__ import annotations

from bot_shard.publishing import compare_commands, publish_commands
from ops.sandbox.discord import LocalDiscord


async def publish(local: LocalDiscord, *, dry_run: bool = False) -> dict[str, str]:
    changes = await publish_commands(token=local.config.bot_token, api_url=local.api_url, dry_run=dry_run)
    return {change.name: change.what for change in changes}


async def test_a_dry_run_only_says_what_would_change(local: LocalDiscord) -> None:
    said = await publish(local, dry_run=True)
    assert set(said.values()) == {"new"}
    assert {"/profile", "/leaderboard", "/points", "Give points (menu)", "Explain points (menu)"} <= set(said)
    assert not local.world.commands


async def test_publishing_twice_changes_nothing(local: LocalDiscord) -> None:
    await publish(local)
    assert set((await publish(local)).values()) == {"unchanged"}
    assert list(local.violations) == []


async def test_every_language_is_registered_and_a_change_in_one_is_seen(local: LocalDiscord) -> None:
    await publish(local)
    [rank] = [row for row in local.world.commands.values() if row.name == "rank"]
    assert rank.fields["description_localizations"]["de"].startswith("Wo du stehst")
    rank.fields["description_localizations"] = {"de": "Etwas anderes."}
    assert (await publish(local))["/rank"] == "changed"
    assert list(local.violations) == []


async def test_the_moderators_commands_are_hidden_from_members(local: LocalDiscord) -> None:
    await publish(local)
    needed = {row.name: row.fields.get("default_member_permissions") for row in local.world.commands.values()}
    assert str(needed["points"]) == str(1 << 40)
    assert str(needed["Give points"]) == str(1 << 40)
    assert needed["profile"] is None


def test_changes_and_removals_are_told_apart() -> None:
    known = [
        {"id": "1", "type": 1, "name": "a", "description": "x", "options": []},
        {"id": "2", "type": 1, "name": "b", "description": "x"},
    ]
    wanted = [{"type": 1, "name": "a", "description": "y"}, {"type": 1, "name": "c", "description": "z"}]
    told = {change.name: change.what for change in compare_commands(known, wanted)}
    assert told == {"/a": "changed", "/c": "new", "/b": "removed"}
