"""The commands: each translates a question into a call of a service, and its result into an Answer. They decide nothing.

EXTENSIONS is what a bot loads at start and again at a reload; a module here has `setup(bot)`, and nothing outside keeps
a reference into it.
"""

EXTENSIONS = (
    "bot_shard.cogs.profile",
    "bot_shard.cogs.figures",
    "bot_shard.cogs.leaderboard",
    "bot_shard.cogs.standing",
    "bot_shard.cogs.history",
    "bot_shard.cogs.guide",
    "bot_shard.cogs.about",
    "bot_shard.cogs.shop",
    "bot_shard.cogs.redemptions",
    "bot_shard.cogs.support",
    "bot_shard.cogs.submitting",
    "bot_shard.cogs.reviewing",
    "bot_shard.cogs.privacy",
    "bot_shard.cogs.points",
    "bot_shard.cogs.boosts",
    "bot_shard.cogs.credit_requests",
    "bot_shard.cogs.credits",
    "bot_shard.cogs.team",
    "bot_shard.cogs.setup",
    "bot_shard.cogs.claim",
    "bot_shard.cogs.claiming",
)
