"""The jobs of outbound Discord, on their own queue.

One at a time a tenant and kind: a tenant is one guild, and a guild has one budget. Pauses stay under a minute, so that
one refused call holds up its guild's others no longer than that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import ProgrammingError

from engagement.boosts.events import BoostStarted
from engagement.departures.events import PendingReturned
from engagement.members.models import Member
from engagement.progression.events import LevelReached
from engagement.progression.models import MemberProgress
from engagement.rewards.fulfilment_selectors import list_ended_roles, list_role_grants, list_waiting_roles
from engagement.supporters.roles import list_members_with_wrong_roles, list_support_roles
from saas.core import clock
from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.models import GuildGreeting, GuildLink
from tenants.routing import get_routing
from tenants.selectors import read_liveness

from . import (
    announcements,
    asking,
    credit_asking,
    departure_news,
    greetings,
    names,
    notices,
    owner_news,
    reconciling,
    reward_roles,
    team_news,
)
from .announcements import announce_level_up
from .client import get_client
from .errors import UNKNOWN_GUILD, DiscordRefusedError
from .hearing import heard
from .models import LevelRole
from .roles import SWEEP_LOCK, bring_roles, desired_roles
from .team_words import language_of
from .template_parts import list_planned_roles, make_planned_roles

QUEUE = "discord"
PATIENT = Backoff(tries=30, first=1, longest=60)
# A sweep looks at stored roles, and asks Discord only about members who differ; at most so many a run.
MOST_A_SWEEP = 300
SWEEP_PAUSE = timedelta(minutes=5)  # 300 members at Discord's ten changes in ten seconds


@job(queue=QUEUE, retry=PATIENT, lock="discord announcements")
def announce_level(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of LevelReached."""
    context = heard(tenant, "announcements", event_id=event_id)
    if context is not None:
        announce_level_up(
            replace(context, live=True), get_client(), event_id=event_id, event=LevelReached.from_data(event)
        )


@job(queue=QUEUE, retry=PATIENT, lock="discord announcements")
def announce_boost(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of BoostStarted."""
    context = heard(tenant, "announcements", event_id=event_id)
    if context is not None:
        announcements.announce_boost(
            replace(context, live=True), get_client(), event_id=event_id, event=BoostStarted.from_data(event)
        )


@job(queue=QUEUE, retry=PATIENT, lock="discord notices")
def bring_notice(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MemberTold: where Discord cannot be reached, the notice stands on the member's page all the same."""
    context = heard(tenant, event_id=event_id)
    if context is not None:
        notices.bring_notice(context, get_client(), event_id=event_id, notice_id=int(event["notice_id"]))


@job(queue=QUEUE, retry=PATIENT, lock="discord credits")
def follow_credit_request(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditRequested and CreditRequestDecided: approvers are asked in the type's channel, and a message that stands follows
    what was decided elsewhere. Nothing is asked in shadow mode."""
    context = heard(tenant)
    if context is not None:
        credit_asking.follow_request(
            context, get_client(), event_id=event_id, request_id=int(event["request_id"])
        )


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_returned(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of PendingReturned."""
    context = heard(tenant, event_id=event_id)
    if context is not None:
        departure_news.tell_team_returned(
            context, get_client(), event_id=event_id, event=PendingReturned.from_data(event)
        )


@job(queue=QUEUE, retry=PATIENT, lock="discord asking")
def ask_team(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RedemptionChanged: the team is asked in its channel, and a message that stands follows what was decided. One after
    another, so that a decision finds the message that asked. Nothing is asked in shadow mode."""
    context = get_routing().context_for_schema(tenant)
    if context is None or context.guild_id is None or not read_liveness(schema=tenant).live:
        return
    asking.follow_redemption(
        replace(context, live=True),
        get_client(),
        event_id=event_id,
        redemption_id=int(event["redemption_id"]),
    )


@job(queue=QUEUE, retry=PATIENT, lock="discord roles")
def follow_level(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of LevelReached, LevelLost, MemberJoined, MembersMerged, SupporterJoined, SupporterMoved, SupporterRecovered,
    SupporterDisputed and SupporterLeft: the member's roles follow."""
    _sync(tenant, int(event["member_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_curve(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CurveChanged, ImportFinished and SupporterRoleChanged: many roles changed at once, so everybody is looked through."""
    defer(sweep_tenant_roles, tenant=tenant, queueing_lock=SWEEP_LOCK)


@job(queue=QUEUE, retry=PATIENT)
def follow_live(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of WentLive: everybody gets the roles that they reached in shadow mode, within the server's budget."""
    defer(sweep_tenant_roles, tenant=tenant, queueing_lock=SWEEP_LOCK)


@job(queue=QUEUE, retry=PATIENT, lock="discord roles", priority=-10)
def sync_member_roles(*, tenant: str, member_id: int) -> None:
    """Bring one member's level roles to what is desired. Behind what just happened, since it is a sweep's."""
    _sync(tenant, member_id)


def _sync(tenant: str, member_id: int) -> None:
    context = heard(tenant)
    if context is None:
        return
    levels = LevelRole.objects.exists() and heard(tenant, "level_roles") is not None
    if levels or list_role_grants(member_id=member_id) or list_support_roles(member_id=member_id):
        bring_roles(context, get_client(), member_id=member_id, levels=levels)


@job(queue=QUEUE, retry=PATIENT, lock="discord roles")
def follow_reward_role(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RewardRoleDue: the role is given, or taken back."""
    _follow_reward_role(tenant, int(event["redemption_id"]))


@job(queue=QUEUE, retry=PATIENT, lock="discord roles", priority=-10)
def tend_reward_role(*, tenant: str, redemption_id: int) -> None:
    """One that a sweep found: still to be given, or over."""
    _follow_reward_role(tenant, redemption_id)


def _follow_reward_role(tenant: str, redemption_id: int) -> None:
    context = heard(tenant)
    if context is None:
        return
    levels = LevelRole.objects.exists() and heard(tenant, "level_roles") is not None
    client, over = get_client(), {one.pk for one in list_ended_roles()}
    act = reward_roles.end_reward_role if redemption_id in over else reward_roles.follow_reward_role
    act(context, client, redemption_id=redemption_id, levels=levels)


@periodic_job(cron="*/10 * * * *", queue=QUEUE)
def sweep_reward_roles(*, tenant: str, timestamp: int = 0) -> None:
    """Every ten minutes, in each live community: roles whose time is over are taken back, and those that could not be given are tried
    again."""
    for context in get_routing().contexts():
        if context.guild_id is None or not context.live:
            continue
        try:
            with enter_schema(context.schema):
                found = [one.pk for one in (*list_ended_roles(), *list_waiting_roles())]
        except ProgrammingError:
            continue  # gone meanwhile
        for redemption_id in found:
            defer(
                tend_reward_role,
                tenant=context.schema,
                redemption_id=redemption_id,
                queueing_lock=f"reward role {redemption_id}",
            )


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_stock(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RewardRanLow."""
    _tell_team(
        tenant, event_id, partial(team_news.describe_stock, name=event["name"], left=int(event["left"]))
    )


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_stuck(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of FulfilmentStuck."""
    _tell_team(tenant, event_id, partial(team_news.describe_stuck, name=event["name"], why=event["why"]))


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_address(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of AddressGiven."""
    _tell_team(tenant, event_id, partial(team_news.describe_address, name=event["name"]))


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_waiting(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of TeamReminded."""
    text = partial(
        team_news.describe_waiting,
        undecided=int(event["undecided"]),
        by_hand=int(event["by_hand"]),
        unshipped=int(event["unshipped"]),
    )
    _tell_team(tenant, event_id, text)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_overdue(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubmissionOverdue."""
    text = partial(
        team_news.describe_overdue,
        name=event["type_name"],
        count=int(event["count"]),
        step=int(event["step"]),
    )
    _tell_team(tenant, event_id, text, path=team_news.SUBMISSIONS)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_requests(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditRequestsOverdue."""
    text = partial(team_news.describe_requests, count=int(event["count"]), hours=int(event["hours"]))
    _tell_team(tenant, event_id, text, path=team_news.CREDITS)


def _tell_team(
    tenant: str, event_id: int, text: Callable[[str], str], *, path: str = team_news.REDEMPTIONS
) -> None:
    """In the team's channel, where one is chosen, in the community's language; the dashboard says it in any case."""
    context = heard(tenant, event_id=event_id)
    if context is not None:
        team_news.tell_team(
            context, get_client(), event_id=event_id, text=text(language_of(context)), path=path
        )


@periodic_job(cron="23 */2 * * *", queue=QUEUE)
def sweep_level_roles(*, tenant: str, timestamp: int = 0) -> None:
    """Every two hours, and when a worker starts, each linked tenant is looked through."""
    for context in get_routing().contexts():
        if context.guild_id is not None and context.live:
            defer(sweep_tenant_roles, tenant=context.schema, queueing_lock=SWEEP_LOCK)


@job(queue=QUEUE, retry=PATIENT)
def sweep_tenant_roles(*, tenant: str, after_id: int = 0) -> None:
    """Defer a sync for members whose roles, as last seen, differ from the desired ones: a few hundred, the next ones when those
    should be through. `after_id`: from the member after that one on."""
    if not after_id and heard(tenant) is not None:
        lacking = reward_roles.list_members_lacking(limit=MOST_A_SWEEP)
        for member_id in {*lacking, *list_members_with_wrong_roles(limit=MOST_A_SWEEP)}:
            defer(
                sync_member_roles, tenant=tenant, member_id=member_id, queueing_lock=f"sync roles {member_id}"
            )
    context = heard(tenant, "level_roles")
    if context is None:
        return
    if not after_id and (planned := list_planned_roles(context=context)):
        make_planned_roles(context, get_client(), planned)
    roles = list(LevelRole.objects.all())
    if not roles:
        return
    managed = {role.role_id for role in roles}
    lowest = min(role.level for role in roles)
    levels = dict(MemberProgress.objects.filter(level__gte=lowest).values_list("member_id", "level"))
    found = 0
    here = Member.objects.filter(
        pk__in=levels, pk__gt=after_id, departed_at=None, deleted_at=None, is_bot=False
    )
    for member in here.only("id", "role_ids").order_by("pk").iterator():
        held = {int(role) for role in member.role_ids} & managed
        if held != desired_roles(roles, levels[member.pk]):
            defer(
                sync_member_roles, tenant=tenant, member_id=member.pk, queueing_lock=f"sync roles {member.pk}"
            )
            found += 1
            if found >= MOST_A_SWEEP:
                later = clock.now() + SWEEP_PAUSE
                defer(
                    sweep_tenant_roles,
                    tenant=tenant,
                    after_id=member.pk,
                    run_at=later,
                    queueing_lock=SWEEP_LOCK,
                )
                return


@job(queue=QUEUE, retry=PATIENT, lock="discord names", priority=-10)
def look_up_names(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MembersUnnamed. In shadow mode too: it only reads."""
    context = get_routing().context_for_schema(tenant)
    if context is not None and context.guild_id is not None:
        names.look_up_names(context, get_client(), member_ids=list(event["member_ids"]))


@job(queue=QUEUE, retry=PATIENT)
def greet_guild(*, tenant: str, guild_id: int) -> None:
    """In PUBLIC: say in a guild that nobody owns how to claim it."""
    greetings.greet_guild(get_client(), guild_id=guild_id)


@job(queue=QUEUE, retry=PATIENT)
def retire_greeting(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of GuildLinked, in PUBLIC."""
    if not GuildGreeting.objects.filter(guild_id=event["guild_id"]).exists():
        return
    link = GuildLink.objects.filter(guild_id=event["guild_id"], tenant_id=event["tenant_id"])
    active = link.filter(state=GuildLink.State.ACTIVE).select_related("tenant").first()
    if active is not None:
        greetings.retire_greeting(get_client(), guild_id=active.guild_id, tenant_name=active.tenant.name)


@job(queue=QUEUE, retry=PATIENT)
def leave_guild(*, tenant: str, guild_id: int) -> None:
    """In PUBLIC: the organiser unlinked the guild and wants the bot gone. Nothing happens where somebody linked it since."""
    if GuildLink.objects.filter(guild_id=guild_id).exclude(state=GuildLink.State.UNLINKED).exists():
        return
    try:
        get_client().leave_guild(guild_id)
    except DiscordRefusedError as error:
        if error.code != UNKNOWN_GUILD and error.status != 404:
            raise


@periodic_job(cron="41 * * * *", queue=QUEUE)
def reconcile_links(*, tenant: str, timestamp: int = 0) -> None:
    """Every hour: links against the guilds that the bot is in, for what no event told."""
    if GuildLink.objects.exclude(state=GuildLink.State.UNLINKED).exists():
        reconciling.reconcile_links(get_client())


@job(queue=QUEUE, retry=PATIENT, lock="discord owner")
def tell_owner_overdue(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of PaymentOverdue: the owner alone is told, in a direct message."""
    context = get_routing().context_for_schema(tenant)
    if context is not None:
        body = owner_news.describe_overdue(context, stage=event["stage"], ends_at=event["ends_at"])
        owner_news.tell_owner(context, event_id=event_id, body=body)


@job(queue=QUEUE, retry=PATIENT, lock="discord owner")
def tell_owner_recovered(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of PaymentRecovered: the owner alone is told, in a direct message."""
    context = get_routing().context_for_schema(tenant)
    if context is not None:
        body = owner_news.describe_recovered(context)
        owner_news.tell_owner(context, event_id=event_id, body=body)
