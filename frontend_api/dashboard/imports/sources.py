"""What the wizard says of each bot: how its levels are got, and whether it can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engagement.imports import words


@dataclass(frozen=True, slots=True)
class SourceCard:
    """`steps` lead to the file; empty where there is none. `fetching` says what asking its address takes; empty where it has none."""

    key: str
    line: str
    steps: tuple[str, ...] = ()
    fetching: str = ""
    files: str = ".json,application/json"

    @property
    def name(self) -> str:
        return words.SOURCES[self.key]

    @property
    def fetched(self) -> bool:
        return self.key in words.FETCHED

    @property
    def uploaded(self) -> bool:
        return self.key in words.UPLOADED

    @property
    def wants_key(self) -> bool:
        return self.key in words.WITH_KEY


CARDS: Final = (
    SourceCard(
        words.MEE6,
        "Fetched from its public leaderboard; XP, levels and role rewards.",
        (
            "Only if fetching does not work: save what mee6.xyz/api/plugins/levels/leaderboard/<server id> shows.",
        ),
        "Your leaderboard has to be public: MEE6's dashboard → Levels → “Make my server's leaderboard public”.",
    ),
    SourceCard(
        words.POLARIS,
        "Fetched or from its file; XP, curve and role rewards.",
        (
            "Export your server's data as JSON in Polaris' dashboard.",
            "Upload the file that it gives you.",
        ),
        "Your leaderboard has to be public in Polaris' settings.",
    ),
    SourceCard(
        words.LURKR,
        "Fetched or from its file; XP, levels and role rewards.",
        ("Export your server's levels as JSON in Lurkr's dashboard.", "Upload the file that it gives you."),
        "Your leaderboard has to be public in Lurkr's dashboard.",
    ),
    SourceCard(
        words.AMARI,
        "Fetched with an API key; XP and levels.",
        ("Only if you have saved its answer already: upload that .json file.",),
        "Amari gives an API key on request. We seal it, use it once and forget it.",
    ),
    SourceCard(
        words.TATSU,
        "Fetched with an API key; points.",
        ("Only if you have saved its answer already: upload that .json file.",),
        "Tatsu gives every user an API key. We seal it, use it once and forget it. It allows 60 pages of 100 members a minute.",
    ),
    SourceCard(
        words.LEVELUP,
        "From Red's backup; XP, levels, curve and level roles.",
        (
            "As the owner of your Red bot, make LevelUp's backup of your server.",
            "Upload the file that it gives you.",
        ),
    ),
    SourceCard(
        words.EXPERIENCED,
        "From its export; XP.",
        ("Export your server's XP as JSON with Experienced.", "Upload the file that it gives you."),
    ),
    SourceCard(
        words.CSV,
        "Any table with a column of Discord ids: Arcane, a spreadsheet, your own bot.",
        (
            "Save the table as CSV. Keep the ids as text, since spreadsheets round long numbers.",
            "One column holds Discord user ids, another XP or levels. You say which is which.",
        ),
        files=".csv,.tsv,.txt,text/csv",
    ),
    SourceCard(
        words.ROLES,
        "For bots that tell nothing: you say which role stands for which level.",
        (),
        "The bot reads who has which role; for that it needs the Server Members Intent.",
    ),
)
BY_KEY: Final = {card.key: card for card in CARDS}
