"""ops/bot-commands.md lists the bot's commands as they are."""

from __future__ import annotations

from ops.devstack.places import PROJECT

from .reference import reference_rows


async def test_the_reference_lists_every_command_as_it_is() -> None:
    stored = [
        line
        for line in (PROJECT / "ops" / "bot-commands.md").read_text().splitlines()
        if line.startswith(("| `/", "| *"))
    ]
    wanted = await reference_rows()
    assert stored == wanted, "Put these rows into ops/bot-commands.md:\n" + "\n".join(wanted)
