"""What an organiser should look at, as the home page and the page of the bot say it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from engagement.credits.selectors import get_waiting
from engagement.members.selectors import find_member
from engagement.rewards.fulfilment_selectors import get_attention
from engagement.rules.selectors import load_rule_set
from engagement.submissions.selectors import count_waiting
from saas.core import clock
from tenants.context import TenantContext
from tenants.models import GuildLink, Membership
from tenants.selectors import get_standing_link

OWNER_TOLD = timedelta(days=30)  # how long a new owner of the guild is news


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that an organiser should look at."""

    icon: str
    title: str
    text: str
    moment: datetime | None = None
    href: str = ""  # the page where something can be done about it
    count: int = 1  # so many things wait behind it


def list_rule_attention() -> list[Attention]:
    """Rules that ingest leaves out, and a community in which nothing is rewarded. Two queries."""
    rules = load_rule_set()
    lines = [
        Attention("alert-triangle", "A rule is left out", f"{problem} Open it under Earn and save it anew.")
        for problem in rules.problems
    ]
    if not rules.by_type and not rules.problems:
        lines.append(
            Attention("target-arrow", "No rule is on", "Nobody earns anything. Switch a rule on under Earn.")
        )
    return lines


def list_redemption_attention() -> list[Attention]:
    """What members wait for: a decision of the team, something that the team hands out, something that does not go on. One query."""
    found = get_attention()
    page = reverse("dashboard-redemptions", urlconf=settings.ROOT_URLCONF)
    lines = [
        (
            "gift",
            found.undecided,
            ("1 redemption waits for you", "{:,} redemptions wait for you"),
            "Members wait to hear whether they get it. Their points are held meanwhile.",
            "?state=requested",
        ),
        (
            "archive",
            found.by_hand + found.unshipped,
            ("1 reward is to be handed out", "{:,} rewards are to be handed out"),
            "Approved, and of a kind that the team ships or does by hand.",
            "?state=approved&kind=merchandise&kind=custom",
        ),
        (
            "alert-triangle",
            found.stuck,
            ("1 redemption does not go on", "{:,} redemptions do not go on"),
            "Something is missing, such as codes or a role. The redemption’s page says what.",
            "?state=approved",
        ),
    ]
    return [
        Attention(
            icon, (words[0] if count == 1 else words[1]).format(count), text, href=page + query, count=count
        )
        for icon, count, words, text, query in lines
        if count
    ]


def list_credit_attention() -> list[Attention]:
    """Credit requests that wait for the team, and since when. One query."""
    waiting, oldest = get_waiting()
    if not waiting:
        return []
    title = "1 credit request waits for you" if waiting == 1 else f"{waiting:,} credit requests wait for you"
    href = f"{reverse('dashboard-credits', urlconf=settings.ROOT_URLCONF)}?state=pending&sort=when"
    return [Attention("coins", title, "Grant them, or say why not.", oldest, href, waiting)]


def list_submission_attention() -> list[Attention]:
    """What members handed in and nobody decided on yet, and how much of it is late. One query."""
    waiting = count_waiting()
    if not waiting.pending:
        return []
    page = reverse("dashboard-submissions", urlconf=settings.ROOT_URLCONF)
    late = f" {waiting.overdue:,} longer than promised." if waiting.overdue else ""
    return [
        Attention(
            "upload",
            "1 submission waits for you"
            if waiting.pending == 1
            else f"{waiting.pending:,} submissions wait for you",
            f"Members handed something in and hear of it once you decide.{late}",
            href=f"{page}?due=over" if waiting.overdue else page,
            count=waiting.pending,
        )
    ]


def list_guild_attention(context: TenantContext) -> list[Attention]:
    """What became of the community's server, where it is not as it should be. The tenant's schema is in hand."""
    link = get_standing_link(tenant_id=context.tenant_id)
    return [] if link is None else describe_link(context, link)


def describe_link(context: TenantContext, link: GuildLink, *, at_home: bool = True) -> list[Attention]:
    """One query where the server's owner changed lately, else none. The bot's own page shows a removal by itself."""
    name = link.guild_name or "the server"
    if link.state == GuildLink.State.REMOVED:
        if not at_home:
            return []
        return [
            Attention(
                "plug-connected-x",
                f"The bot is no longer in {name}",
                "It was removed, or the server was deleted. Members and points are kept, and nothing counts meanwhile.",
                link.ended_at,
                reverse("bot", urlconf=settings.ROOT_URLCONF),
            )
        ]
    lines = []
    if link.unavailable_since is not None:
        lines.append(
            Attention(
                "plug-connected-x",
                f"Discord has an outage in {name}",
                "The bot is still there and hears nothing. It goes on by itself once Discord is back.",
                link.unavailable_since,
            )
        )
    changed = link.owner_changed_at
    if changed is not None and clock.now() - changed < OWNER_TOLD and not _is_owner(context, link.owner_id):
        lines.append(
            Attention(
                "user",
                f"{name} has a new owner in Discord",
                f"{_name_of(link.owner_id)} owns the server now. {context.name} on EngageHub still belongs to whom it did; its owner "
                "can hand it over in the settings.",
                changed,
            )
        )
    return lines


def _is_owner(context: TenantContext, discord_id: int | None) -> bool:
    """Whether the guild's owner owns the community as well."""
    return Membership.objects.filter(
        tenant_id=context.tenant_id, role=Membership.Role.OWNER, user__discord_id=discord_id
    ).exists()


def _name_of(discord_id: int | None) -> str:
    member = find_member(provider="discord", external_id=str(discord_id))
    return member.display_name if member is not None else "Somebody else"
