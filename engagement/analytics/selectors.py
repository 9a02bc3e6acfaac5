"""The reads that pages and the bot ask for; one import for all of them."""

from __future__ import annotations

from .explanations import (
    Explanation,
    HistoryLine,
    MessageExplanation,
    explain_entry,
    explain_message,
    list_entries,
    list_history,
    list_recent_entries,
)
from .home import GapLine, HomeFigures, get_home_figures, list_gaps
from .profiles import Profile, get_profile

__all__ = [
    "Explanation",
    "GapLine",
    "HistoryLine",
    "HomeFigures",
    "MessageExplanation",
    "Profile",
    "explain_entry",
    "explain_message",
    "get_home_figures",
    "get_profile",
    "list_entries",
    "list_gaps",
    "list_history",
    "list_recent_entries",
]
