"""What members are told, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    # rewards: what was decided
    "redemption_approved": "“{reward}” is approved. You are told as soon as it is there.",
    "redemption_rejected": "“{reward}” was not approved. Your {points} are back.",
    "redemption_cancelled": "“{reward}” was cancelled. Your {points} are back.",
    "redemption_expired": "“{reward}” has expired. Your {points} are back.",
    # rewards: what came of it
    "role_given": "You have the role of “{reward}” now.",
    "role_waits": "“{reward}” is a role on the Discord server, and you are not there. Join it, and the role follows.",
    "role_ended": "The time of “{reward}” is over, so the role is gone.",
    "download_ready": "Your download “{reward}” is ready.",
    "code_ready": "Your code for “{reward}” is ready. It is shown on its page, to you alone.",
    "offer_ready": "“{reward}” is yours. Its page says how to use it.",
    "credits_ready": "You have {amount} {credits} more, from “{reward}”.",
    "raffle_entered": "Your ticket for “{reward}” has the number {ticket}.",
    "raffle_won": "Your ticket {ticket} won “{reward}”.",
    "raffle_lost": "“{reward}” was drawn, and your ticket {ticket} was not among the winners.",
    "reward_ready": "“{reward}” is ready.",
    "address_needed": "Where should we send “{reward}”? Tell us your address by this link, which is for you alone.",
    "address_reminder": "“{reward}” still waits for your address. Tell us by this link, which is for you alone.",
    "parcel_shipped": "“{reward}” is on its way.",
    "parcel_delivered": "“{reward}” was delivered.",
    "drop_offered": "It is your turn: “{reward}” is held for you. Redeem it before the time is over.",
    "affordable": "You can afford “{reward}” now: {points}.",
    "affordable.more": "{count} more are within your reach as well.",
    # submissions
    "submission_approved": "“{title}” was approved.",
    "submission_rejected": "“{title}” was not approved.",
    "submission_needs_info": "There is a question about “{title}”.",
    "submission_undone": "The decision about “{title}” was taken back.",
    # credits
    "credit_request_approved": "Your request for {amount} {credits} was approved.",
    "credit_request_part": "Your request for {asked} {credits} was approved in part: {amount}.",
    "credit_request_rejected": "Your request for {amount} {credits} was not approved.",
    "credit_request_asked": "There is a question about your request for {amount} {credits}.",
    "credit_request_undone": "The decision about your {amount} {credits} was taken back.",
    "credit_decision_waits": "{member} asks for {amount} {credits}. You may decide on it.",
    "credits_granted": "You were given {amount} {credits}.",
    "credits_revoked": "{amount} {credits} were taken back.",
    "credits_low": "You have {amount} {credits} left.",
    "support_began": "Thank you. You support with “{tier}”.",
    "support_late": "The last payment for “{tier}” did not go through. It is tried again, and what you get goes on meanwhile. Check your card.",
    "support_ends": "You left the server, so your support with “{tier}” ends with its period. Nothing more is charged, and until then you can resume it.",
    "support_ended": "Your support with “{tier}” ended. Nothing more is charged.",
    # what may follow
    "reason": "Reason: {reason}",
    "question": "{question}",
    "earned": "You earned {earned}.",
    "lost": "{lost} were taken back.",
    "tracking": "Tracking: {tracking}",
    "until": "Until {until}.",
    # in Discord
    "open": "Open",
    "give_address": "Tell us the address",
    "in_channel": "{mention}, there is news for you on your page.",
}
