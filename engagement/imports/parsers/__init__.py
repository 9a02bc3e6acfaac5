"""Other bots' files and answers, made alike. Pure: bytes or JSON values in, rows out; nothing here asks anybody.

A line that cannot be read becomes a row with its error; only a file that is not what it should be is refused as a whole.
"""

from .bots import parse_bot, recognise
from .rows import OldBot, OldMember, OldReward, settle
from .tables import check_mapping, parse_table, sample_table
from .text import load_json

__all__ = [
    "OldBot",
    "OldMember",
    "OldReward",
    "check_mapping",
    "load_json",
    "parse_bot",
    "parse_table",
    "recognise",
    "sample_table",
    "settle",
]
