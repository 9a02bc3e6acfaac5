"""How a connection to Discord ends. None of this is shown to members."""

from __future__ import annotations

FATAL = {
    4004: "Discord refused the bot token. Set DISCORD_BOT_TOKEN to the token from the Developer Portal's Bot page.",
    4010: "Discord refused the shard number. Start with --shards below --shard-count.",
    4011: "Discord wants more shards for this many servers. Start with a higher --shard-count.",
    4012: "Discord no longer speaks this gateway version. Upgrade discord.py.",
    4013: "Discord refused the intents as invalid. Upgrade discord.py.",
    4014: "Discord refused a privileged intent. Switch on Server Members Intent on the Developer Portal's Bot page.",
}


class GatewayRefusedError(Exception):
    """Discord closed the gateway for good. The message says why and what to change."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{FATAL.get(code, 'Discord closed the gateway for good.')} (close code {code})")
        self.code = code


class GatewayLostError(Exception):
    """The connection is over. `resume` says whether the session outlives it."""

    def __init__(self, *, resume: bool = True) -> None:
        super().__init__("The gateway connection ended.")
        self.resume = resume
