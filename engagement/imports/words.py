"""The words of imports: where levels can come from, which states a run goes through, what the organiser chooses."""

from __future__ import annotations

from typing import Final

from engagement.progression.bulk import Existing

MEE6: Final = "mee6"
POLARIS: Final = "polaris"
LURKR: Final = "lurkr"
AMARI: Final = "amari"
TATSU: Final = "tatsu"
LEVELUP: Final = "levelup"
EXPERIENCED: Final = "experienced"
CSV: Final = "csv"
ROLES: Final = "roles"
SOURCES: Final = {
    MEE6: "MEE6",
    POLARIS: "Polaris",
    LURKR: "Lurkr",
    AMARI: "Amari",
    TATSU: "Tatsu",
    LEVELUP: "Red LevelUp",
    EXPERIENCED: "Experienced",
    CSV: "CSV",
    ROLES: "Discord roles",
}
FETCHED: Final = (MEE6, POLARIS, LURKR, AMARI, TATSU, ROLES)  # can be asked over the network
WITH_KEY: Final = (AMARI, TATSU)
UPLOADED: Final = (MEE6, POLARIS, LURKR, AMARI, TATSU, LEVELUP, EXPERIENCED, CSV)

EMPTY: Final = "empty"
MAPPING: Final = "mapping"
READING: Final = "reading"
READY: Final = "ready"
FAILED: Final = "failed"
APPLYING: Final = "applying"
CANCELLING: Final = "cancelling"
CANCELLED: Final = "cancelled"
APPLIED: Final = "applied"
UNDOING: Final = "undoing"
UNDONE: Final = "undone"
STATES: Final = {
    EMPTY: "Waiting for its file",
    MAPPING: "Waiting for its mapping",
    READING: "Being read",
    READY: "Ready to be applied",
    FAILED: "Could not be read",
    APPLYING: "Being applied",
    CANCELLING: "Being cancelled",
    CANCELLED: "Cancelled",
    APPLIED: "Applied",
    UNDOING: "Being undone",
    UNDONE: "Undone",
}
BUSY: Final = (READING, APPLYING, CANCELLING, UNDOING)  # a job is at work
BOOKED: Final = (APPLYING, CANCELLING, APPLIED, UNDOING)  # entries of it may stand in the ledger

KEEP_XP: Final = "xp"
KEEP_LEVEL: Final = "level"
KEEP_CURVE: Final = "curve"
KEEPS: Final = {
    KEEP_XP: "Keep the XP: as many points as the old bot counted",
    KEEP_LEVEL: "Keep the level: the fewest points of the same level here",
    KEEP_CURVE: "Keep both: take the old bot's curve over",
}
EXISTING: Final = {
    Existing.HIGHEST.value: "Whichever is more",
    Existing.ADD.value: "Both together",
    Existing.REPLACE.value: "The old bot's only",
}
KINDS: Final = ("new", "raised", "lowered", "same", "error")  # what becomes of a line
NO_LEVEL: Final = "{name} tells no level of this member, or one above our highest, {most}. Keep the XP instead, or raise the highest level."
NO_XP: Final = "{name} tells no XP of this member. Keep the level instead."
DELETED: Final = "This member was deleted here. Restore them first if they are to have their level."
