"""Entries explained, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    # what was done
    "deed.message": "A message",
    "deed.reply": "An answer to somebody",
    "deed.thread": "A thread started",
    "deed.reaction_given": "A reaction given",
    "deed.reaction_received": "A reaction received",
    "deed.voice_minute": "A minute in voice",
    "deed.joined": "Joining",
    "deed.message_deleted": "A message deleted",
    "deed.reaction_removed": "A reaction removed",
    "deed.reactions_cleared": "Reactions cleared by a moderator",
    # an entry's title
    "title.given": "Given by {name}",
    "title.taken": "Taken by {name}",
    "title.undone_given": "Undone: given by {name}",
    "title.undone_taken": "Undone: taken by {name}",
    "title.reversal": "Taken back: {name}",
    "title.merge": "Two members became one",
    "title.import": "Brought over from another bot",
    "title.import_undo": "Undone: brought over from another bot",
    "title.redemption": "Redeemed: {name}",
    "title.refund": "Given back: {name}",
    "title.submission": "Approved: {name}",
    "title.submission_undo": "Approval taken back: {name}",
    "title.support": "For your support",
    "title.support_refund": "Support given back",
    # below the title
    "detail.daily": "The first thing done that day",
    "detail.reversal": "What earned it was removed",
    "detail.merge_in": "Taken over from the other member",
    "detail.merge_out": "Gone over to the other member",
    "detail.import": "Import {number}",
    # the lines of "why"
    "what": "What",
    "counts": "Counts",
    "counts_import": "For all time and the level; not for this week, month or season",
    "counts_merge": "As on the day that it was earned on",
    "rule": "Rule",
    "rule_version": "{name}, version {number}",
    "taken_back": "Taken back",
    "taken_back_earned": "{count} points that it had earned",
    "taken_back_approved": "{count} points that its approval had given",
    "taken_back_refunded": "{count} points that its paid period had given",
    "amount": "Amount",
    "amount_one": "{count} point",
    "amount_many": "{count} points",
    "amount_drawn": "{count}, drawn from {low} to {high}",
    "multiplier": "Multiplier",
    "boost": "Boost",
    "boost_named": "{factor}, “{name}”",
    "limit": "Limit",
    "limit_cut": "Cut to {count} by the limit of the day",
    "handed_in_as": "Handed in as",
    "later": "Later",
    "later_approval": "The approval was taken back",
    "later_undone": "Undone by {name}",
    "approved_by": "Approved by",
    "by": "By",
    "undone_by": "Undone by",
    # why a message earned nothing
    "none_unheard": "It was never counted: it is older than the bot, from a bot, or not heard yet.",
    "none_hidden": "This is older than the {days} days of history that the community's plan shows. It is kept, and shown again with a plan "
    "that goes further back.",
    "none": "It earned nothing.",
    "none_waits": "It is not judged yet: the community has no room for more members. It is kept and counts once there is.",
    "none_limited": "It came too soon after the one before, or the limit of the day was reached.",
    "none_refused": "It earned nothing: {reason}.",
    "none_unwatched": "It earned nothing: no rule rewards this, or the place or a role is left out.",
}
