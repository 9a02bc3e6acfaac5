"""Gates: which parts of the product a plan opens, and how much of it. Each is declared here once, by name.

The page's lock, the bot's reply, the REST permission, the pricing page and the documentation come from the declaration; which
plan has what stands in billing.plans. `surfaces` names every place where it is enforced, as “page <route>”, “rest <operation>”,
“bot <command>”, “job <name>”, “ingest <what>”, “live <socket>”; tests/gates asks each of them under every plan. `freezes` says what a plan without it stops, and `spares` which promises
that were made before are kept all the same; tests/billing/test_promises.py acts each out. A gate asks whether the plan allows something; whether this person may do it is
tenants.permissions. Asking needs no query: the context carries the entitlements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from saas.core.errors import NotAllowedError

from .entitlements import UNLIMITED, Entitlements


@dataclass(frozen=True, slots=True)
class Gate:
    """`feature` is what a plan's entitlements list. `free`: open without any plan. `built`: false for what is still to come."""

    feature: str
    title: str
    what: str
    free: bool = False
    built: bool = True
    freezes: str = ""
    spares: str = ""
    surfaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """`name` is what a plan's entitlements count by. `free`: how many without any plan. `unit` follows the number."""

    name: str
    title: str
    unit: str
    what: str
    free: int = UNLIMITED
    built: bool = True
    freezes: str = ""
    spares: str = ""
    surfaces: tuple[str, ...] = ()


_GATES: Final = (
    Gate(
        "level_roles",
        "Roles for levels",
        "Discord roles are given when a level is reached.",
        free=True,
        freezes="Roles are neither given nor taken.",
        spares="What members have been given stays theirs.",
        surfaces=(
            "page dashboard-level-role",
            "page dashboard-level-role-restore",
            "job integrations.discord.sync_member_roles",
            "job integrations.discord.sweep_tenant_roles",
        ),
    ),
    Gate(
        "announcements",
        "Announcements",
        "Level-ups are announced in a channel.",
        free=True,
        freezes="Nothing is announced.",
        spares="The channel stays chosen, and what was announced stands.",
        surfaces=(
            "page dashboard-announcements",
            "bot setup announcements",
            "job integrations.discord.announce_level",
            "job integrations.discord.announce_boost",
        ),
    ),
    Gate(
        "boosts",
        "Boosts",
        "Points are multiplied for a time: a weekend, an event, a channel.",
        freezes="None can be planned, and a stop can't be taken back.",
        spares="What runs or is planned runs to its end, each week that was planned too.",
        surfaces=(
            "page dashboard-boost-new",
            "page dashboard-boost-resume",
            "rest create_boost",
            "bot boost start",
        ),
    ),
    Gate(
        "advanced_analytics",
        "Advanced analytics",
        "Rules are tried on more than the last seven days before they count.",
        freezes="Rules are tried on the last seven days.",
        spares="Rules that were saved go on.",
        surfaces=("page dashboard-rule", "page dashboard-rule-new"),
    ),
    Gate(
        "team_grants",
        "Permissions for one person",
        "Single permissions are given to people, or taken.",
        freezes="Nothing can be given to one person or taken from them but what was given before.",
        spares="What people were given stays theirs.",
        surfaces=("page dashboard-team-person",),
    ),
    Gate(
        "audit_export",
        "Audit log export",
        "The audit log leaves as a file.",
        freezes="The audit log doesn't leave as a file.",
        spares="It stays readable on its page, whole.",
        surfaces=("page dashboard-audit-export",),
    ),
    Gate(
        "sponsors",
        "Sponsors",
        "Rewards name who pays for them, with a report for each sponsor.",
        freezes="Rewards name no sponsor, and none can be added or changed.",
        spares="A sponsor with an agreed end, a day or a number of redemptions, is named until then; what one paid for stays attributed.",
        surfaces=(
            "page dashboard-sponsor-new",
            "page dashboard-sponsor",
            "page dashboard-reward-edit",
            "page dashboard-sponsor-report-export",
            "rest create_sponsor",
            "rest change_sponsor",
            "rest upload_sponsor_picture",
            "rest get_sponsor_report",
            "rest change_reward",
            "rest get_shop_item",
        ),
    ),
    Gate(
        "drops",
        "Drops",
        "A reward comes at an hour, and members queue for it fairly.",
        freezes="None can be announced, and once one began nobody joins its queue.",
        spares="What is announced is given out: who queues before it begins is drawn, offered it and can redeem it.",
        surfaces=("page shop-queue", "rest join_drop"),
    ),
    Gate(
        "supporters",
        "Supporters",
        "Members pay their community by the month or year, for tiers that it makes; EngageHub keeps a part.",
        freezes="No tier is put on sale, and nobody new begins to support.",
        spares="Who supports goes on with every benefit, and can cancel, resume and change the card; payouts go on.",
        surfaces=(
            "page dashboard-support-tier-switch",
            "page dashboard-payouts-connect",
            "page support",
            "page support-tier",
            "rest switch_supporter_tier",
            "rest list_support_offers",
            "rest begin_own_support",
            "bot support",
        ),
    ),
    Gate(
        "custom_domain", "Custom domain", "The member pages live under an address of your own.", built=False
    ),
)
_LIMITS: Final = (
    Limit(
        "members",
        "Tracked members",
        "members",
        "People whose activity earns points.",
        free=1_000,
        freezes="Newcomers wait, and what they do is kept until there is room.",
        spares="Who is tracked stays and goes on earning.",
        surfaces=(
            "page dashboard-members-register",
            "rest register_member",
            "bot meet a newcomer",
            "job engagement.activity.admit_members",
        ),
    ),
    Limit(
        "rules",
        "Rules",
        "rules",
        "Rules that are switched on.",
        free=10,
        freezes="The newest reward nothing.",
        spares="What they gave stays.",
        surfaces=("page dashboard-rule-switch", "rest create_rule", "ingest rules"),
    ),
    Limit(
        "seats",
        "Seats",
        "people",
        "People on the team, the owner included.",
        free=3,
        freezes="Who joined last only looks.",
        spares="Nobody is removed, and the owner never freezes.",
        surfaces=("page dashboard-team-invite", "bot a seat's rights"),
    ),
    Limit(
        "api_keys",
        "API keys",
        "keys",
        "Keys that programs use at the same time.",
        free=1,
        freezes="The newest are refused.",
        spares="They work again with room.",
        surfaces=("page dashboard-key-create", "rest get_me"),
    ),
    Limit(
        "api_rate",
        "API requests",
        "a minute",
        "Requests of all programs together.",
        free=60,
        freezes="Programs are asked to slow down sooner.",
        surfaces=("rest list_rules",),
    ),
    Limit(
        "commands",
        "Bot commands",
        "a minute",
        "Commands of all members together; buttons and forms count nothing.",
        free=120,
        freezes="Above them members wait for some seconds.",
        spares="What was begun, in a form or by a button, is answered.",
        surfaces=("bot any command",),
    ),
    Limit(
        "history_days",
        "History",
        "days",
        "How far back history is shown; older history is kept.",
        free=30,
        freezes="Older history is hidden.",
        spares="It is kept whole, and balances and levels still count it; redemptions, submissions and requests stay listed.",
        surfaces=(
            "page dashboard",
            "page reason",
            "rest list_entries",
            "rest list_activities",
            "rest list_credit_moves",
            "rest explain_entry",
            "bot why",
        ),
    ),
    Limit(
        "boost_hours",
        "Boost hours",
        "hours a month",
        "Hours of boosts that the plan includes.",
        free=0,
        freezes="None is planned above the hours.",
        spares="What was planned under a larger plan runs, and costs nothing more.",
        surfaces=("page dashboard-boost-new", "rest create_boost", "bot boost start"),
    ),
    Limit(
        "rewards",
        "Rewards",
        "rewards",
        "Rewards that are on offer.",
        free=5,
        freezes="The newest leave the shop.",
        spares="What was redeemed goes its way, tickets of a raffle are drawn, and a place in a drop's queue can be taken.",
        surfaces=(
            "page dashboard-reward-state",
            "page dashboard-rewards-bulk",
            "rest offer_reward",
            "rest list_shop",
            "job engagement.rewards.work_on_table",
        ),
    ),
    Limit(
        "submission_types",
        "Kinds of submissions",
        "kinds",
        "Forms that members can hand in.",
        free=3,
        freezes="Nothing new is handed in for the newest.",
        spares="What waits is decided and rewarded, and what was sent back can be corrected.",
        surfaces=(
            "page dashboard-submission-type-switch",
            "page dashboard-submission-pack",
            "rest create_submission_type",
            "rest switch_submission_type",
            "rest hand_in",
        ),
    ),
    Limit(
        "credit_types",
        "Kinds of credits",
        "kinds",
        "Credits of your own beside points.",
        free=1,
        freezes="The newest can't be requested.",
        spares="Requests that wait are decided, and what members have can be spent.",
        surfaces=(
            "page dashboard-credit-type-new",
            "page dashboard-credit-type-restore",
            "page my-credits-request",
            "rest create_credit_type",
            "rest request_credits",
        ),
    ),
    Limit("active_challenges", "Active challenges", "challenges", "Challenges at once.", free=1, built=False),
    Limit("webhooks", "Webhooks", "webhooks", "Addresses that are told of news.", free=1, built=False),
)
GATES: Final = {gate.feature: gate for gate in _GATES}
LIMITS: Final = {limit.name: limit for limit in _LIMITS}


class GateClosedError(NotAllowedError):
    """The tenant's plan does not have it."""

    code = "not_in_plan"

    def __init__(self, gate: Gate) -> None:
        super().__init__(
            f"“{gate.title}” is not part of this community's plan. Its owner can change the plan under Billing."
        )
        self.gate = gate


class LimitReachedError(NotAllowedError):
    """The tenant's plan has no room for one more."""

    code = "limit_reached"

    def __init__(self, limit: Limit, allowed: int, message: str = "") -> None:
        super().__init__(
            message
            or f"{limit.title}: this community's plan includes {allowed:,}, and all of them are in use. Make room, or have its "
            "owner change the plan under Billing."
        )
        self.limit = limit
        self.allowed = allowed
        self.facts: dict[str, object] = {"limit": limit.name, "allowed": allowed}


def is_open(name: str, entitlements: Entitlements, moment: datetime) -> bool:
    """Whether the plan in force at `moment` opens the gate. Raises KeyError for a gate that was never declared."""
    gate = GATES[name]
    if settings.BILLING_ON and not entitlements.phases:
        return gate.free
    return entitlements.has_feature(name, moment)


def require_open(name: str, entitlements: Entitlements, moment: datetime) -> None:
    """Raises GateClosedError."""
    if not is_open(name, entitlements, moment):
        raise GateClosedError(GATES[name])


def limit_of(name: str, entitlements: Entitlements, moment: datetime) -> int:
    """How many the plan in force at `moment` allows. Raises KeyError for a limit that was never declared."""
    limit = LIMITS[name]
    if settings.BILLING_ON and not entitlements.phases:
        return limit.free
    return entitlements.limit_of(name, moment)


def require_room(
    name: str, entitlements: Entitlements, moment: datetime, *, used: int, more: int = 1
) -> None:
    """Raises LimitReachedError when `used` and `more` are over the limit. The caller counted `used` under a lock that whoever
    adds one takes as well."""
    allowed = limit_of(name, entitlements, moment)
    if used + more > allowed:
        raise LimitReachedError(LIMITS[name], allowed)
