"""Every sentence that the bot says, in one place, by language and key. English is complete; others may follow.

A reply is in the member's language, else the guild's, else the tenant's, else English. What services raise is said as
they say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_EN: Final[Mapping[str, str]] = {
    # whoever asks
    "server_only": "I answer inside a server, not in direct messages. Open a server where I am and try it there.",
    "unlinked": "This server is not connected to a community yet, so there are no points here. Somebody who manages the server can connect it on {site}.",
    "unknown_button": "This button is from an older version of me. Use the command again to get a fresh one.",
    "unknown_command": "I no longer know this command. Discord forgets old ones within the hour; `/help` lists what I can do.",
    "broken": "Something went wrong on our side, and it has been written down. Try again in a minute.",
    "reference": "Ref {reference}",
    "switched_off": "`/{command}` is switched off in this community. Whoever runs it can switch it on in the dashboard, under Settings.",
    "elsewhere": "`/{command}` answers in {channels}. Use it there.",
    "nobody_yet": "You have no {points} yet.",
    "nobody_yet_hint": "Write a message or join a voice channel; /earn lists all the ways",
    "other_nobody_yet": "{name} has no {points} yet.",
    "is_bot": "{name} is a bot, and bots earn no {points}.",
    "is_hidden": "{name} keeps their profile to themselves.",
    # profile
    "profile_title": "{name} · level {level}",
    "profile_departed": "{name} has left this community; what they earned is kept.",
    "profile_debt": "{debt} owed: what is earned next goes there first.",
    "level": "Level",
    "points": "Points",
    "rank": "Rank",
    "profile_next": "{missing} to level {next}",
    "profile_top": "the highest level",
    "profile_points": "{current} to spend · {lifetime} in all",
    "profile_week": "{week} this week",
    "profile_rank": "{rank} of {total}",
    "profile_unranked": "Hidden, so without a rank",
    "profile_left": "Has left, so without a rank",
    "profile_no_rank": "No rank yet",
    "profile_hint": "/history shows where they come from",
    "card_level": "Level {level}",
    "card_points": "{points} · {week} this week",
    "card_rank": "#{rank}",
    "card_of": "of {total} members",
    "card_days": "A day's {points}, the last {days} days",
    # leaderboard
    "board_title": "{community} · {period}",
    "board_empty": "Nobody has {points} in this period yet. Be the first: `/earn` says how.",
    "board_row": "{medal} {name} — {score}",
    "board_me": "You: {rank} with {score}",
    "board_me_unranked": "You: no rank in this period",
    "board_me_hidden": "You are hidden, so you hold no rank. `/privacy show` brings you back.",
    "board_page": "Page {page} of {pages} · {total}",
    "members": "members",
    "board_all": "All time",
    "board_season": "Season",
    "board_month": "Month",
    "board_week": "Week",
    "previous": "Previous",
    "next": "Next",
    # history, why, earn
    "history_title": "Your last {points}",
    "history_empty": "There is nothing here yet.",
    "history_end": "That is all there is.",
    "older": "Older",
    "why_title": "{amount}: {title}",
    "why_hint": "/history lists all entries",
    "why_other": "That entry is not yours. `/why` explains your own entries.",
    "why_message_total": "This message earned {total}.",
    "why_message_none": "This message earned nothing.",
    "earn_title": "How to earn {points}",
    "earn_empty": "Nothing earns {points} here at the moment. The organisers can change that.",
    "earn_more": "and {count} more on the community's page",
    "earn_hint": "/why explains any entry of yours",
    # help
    "help_title": "What I can do here",
    "help_hint": "Personal answers are only visible to you",
    # privacy
    "privacy_hidden": "You are hidden. Nobody sees your {points}, and you hold no rank; you go on earning.",
    "privacy_alias": "Others see you as {alias}, without your picture. You keep your rank.",
    "privacy_shown": "You are shown by name.",
    "privacy_hint": "/privacy show, alias or hide changes it at any time",
    # claiming a member
    "claimable": "This code opens {name}, with {amount}.",
    "claimable_new": "Claimed, this member is yours: its {points}, its level and its history.",
    "claimable_merge": "You are here already, as {name} with {own}. The two become one: {sum}, level {level}, under your name. This cannot be undone.",
    "claimable_hint": "Write /claim once more with confirm to go on",
    "claimed": "It is yours now.",
    "claimed_hint": "/profile shows it",
    # points
    "given": "{name} got {amount}.",
    "taken": "{name} lost {amount}.",
    "undo": "Undo",
    "undone": "Undone: {amount} went back.",
    "adjusted_now": "{current} to spend · {lifetime} in all · level {level}",
    "now": "Now",
    "reason": "Reason",
    "debt": "Debt",
    "adjusted_hint": "Entry {entry} · the member sees the reason in /history",
    "award_form": "Give points to {name}",
    "award_amount": "How many? Begin with − to take",
    "award_reason": "Why? The member will see it",
    "award_amount_wrong": "{text} is no whole number. Write how many points to give, such as 50, or −50 to take some.",
    "award_amount_range": "Give or take 1 to {most} {points} at a time; nothing was changed.",
    "not_moderator": "Giving and taking {points} is for moderators of this community: Moderate Members or Manage Server in Discord, or a moderator's role in the dashboard.",
    "setup_title": "How my commands are set up",
    "setup_done": "That is set.",
    "setup_line": "{command} · {places} · {uses} × in {seconds} s a member",
    "setup_every": "Every command",
    "setup_everywhere": "everywhere",
    "setup_unknown": "I have no command “{command}”. Choose one from the list that appears while you type.",
    "setup_hint": "/setup channels and /setup limit change it",
    # claiming a server
    "claim_done": "This server is connected to {community} already. There is nothing left to do here.",
    "claim_closed": "This server belongs to {community}, which its owner deleted. They can restore it on our pages for 30 days; after that the server is free to be connected anew.",
    "claim_suspended": "This server belongs to {community}, which is suspended. Its owner finds the reason in their mail, and can write to us.",
    "claim_refused": "Connecting this server is for people who manage it. Ask somebody with Manage Server to press the button.",
    "claim_title": "Connect {guild}",
    "claim_text": "The button leads to our pages, where you choose which community this server belongs to. It is yours alone, works once, and for 15 minutes.",
    "claim_nameless": "this server",
    "claim_hint": "Sign in there with this Discord user",
    "claim_open": "Open EngageHub",
    "not_yourself": "You can't give {points} to yourself. Ask another moderator.",
}

_LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": _EN}


def choose_language(*wishes: str | None) -> str:
    """The first of the wishes that is spoken here, the region aside (`en-GB` is `en`)."""
    for wish in wishes:
        language = (wish or "").replace("_", "-").split("-")[0].lower()
        if language in _LANGUAGES:
            return language
    return "en"


def say(language: str, key: str, **values: object) -> str:
    """The sentence, with its values filled in. A language that lacks one says it in English."""
    return (_LANGUAGES[language].get(key) or _EN[key]).format(**values)


def list_keys() -> Iterable[str]:
    return _EN.keys()


def number(value: int) -> str:
    """1234 → 1,234 and a real minus sign."""
    return f"{value:,}".replace("-", "−")


def signed(value: int) -> str:
    return f"+{value:,}" if value > 0 else number(value)
