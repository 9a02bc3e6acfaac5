"""The demo's communities, their teams and logins. Safe to repeat: what is there is left as it is."""

from __future__ import annotations

from typing import Final

from allauth.account.models import EmailAddress
from django.db import transaction

from engagement.audit.actor import SYSTEM
from engagement.kinds import seed_community
from engagement.rules.models import Rule
from engagement.rules.services import create_rule
from ops.sandbox.discord.state.snowflakes import seeded_id
from tenants.api_keys import issue_api_key
from tenants.context import TenantContext, enter_tenant
from tenants.models import ApiKey, GuildLink, Membership, Tenant, User
from tenants.provisioning import provision_tenant
from tenants.services import ensure_owner, link_guild

from .communities import COMMUNITIES, DemoCommunity
from .logins import LOGINS, OPERATOR, PASSWORD

KEY_NAME: Final = "Our own software"


def make_logins() -> None:
    """The people of LOGINS and EngageHub's own operator, with a password that everybody knows."""
    for username, name, number, _teams in LOGINS:
        make_login(username, name, None if number is None else seeded_id(1, number))
    operator = make_login(OPERATOR, "Olu Operator", None)
    if not (operator.is_operator and operator.is_staff):
        operator.is_operator = operator.is_staff = True
        operator.save(update_fields=["is_operator", "is_staff"])


@transaction.atomic
def make_login(username: str, name: str, discord_id: int | None) -> User:
    """A login with a confirmed address. One that signed in with Discord before is found by it."""
    found = User.objects.filter(discord_id=discord_id).first() if discord_id is not None else None
    user = found or User.objects.filter(username=username).first()
    if user is None:
        user = User(
            username=username, email=f"{username}@example.com", display_name=name, discord_id=discord_id
        )
        user.set_password(PASSWORD)
        user.save()
    EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    return user


def found_community(community: DemoCommunity) -> TenantContext:
    """The community's tenant, its link, team and own rules; made where they are missing."""
    tenant = find_tenant(community) or provision_tenant(
        slug=community.slug,
        name=community.name,
        kind=community.kind,
        timezone=community.timezone,
        first_weekday=community.first_weekday,
        points_name=community.points_name,
        colour=community.colour,
        live=community.live,
        owner=None,
        seed=seed_community,
    )
    if community.guild is not None:
        link_guild(tenant=tenant, guild_id=seeded_id(2, community.guild.number), guild_name=community.name)
    _fill_team(tenant)
    guild_id = seeded_id(2, community.guild.number) if community.guild else None
    context = TenantContext.of(tenant, guild_id)
    with enter_tenant(context):
        for rule in community.own_rules:
            if not Rule.objects.filter(key=rule.key).exists():
                create_rule(
                    key=rule.key,
                    name=rule.name,
                    definition={
                        "triggers": [rule.key],
                        "amount": rule.amount,
                        "daily_count_cap": rule.daily_count_cap,
                    },
                    actor=SYSTEM,
                )
    return context


def find_tenant(community: DemoCommunity) -> Tenant | None:
    """By its guild, else by its address."""
    if community.guild is not None:
        links = GuildLink.objects.exclude(state=GuildLink.State.UNLINKED).select_related("tenant")
        link = links.filter(guild_id=seeded_id(2, community.guild.number)).first()
        if link is not None:
            return link.tenant
    found: Tenant | None = Tenant.objects.filter(slug=community.slug).first()
    return found


def find_demo_of_guild(guild_id: int) -> DemoCommunity | None:
    """The demo community whose Discord server that is."""
    for community in COMMUNITIES:
        if community.guild is not None and seeded_id(2, community.guild.number) == guild_id:
            return community
    return None


def _fill_team(tenant: Tenant) -> None:
    for username, _name, _number, teams in LOGINS:
        role = teams.get(tenant.slug)
        if role is None:
            continue
        user = User.objects.get(username=username)
        if role == Membership.Role.OWNER:
            ensure_owner(tenant=tenant, user=user)
        else:
            Membership.objects.get_or_create(user=user, tenant=tenant, defaults={"role": role})


def ensure_key(community: DemoCommunity, context: TenantContext) -> int | None:
    """The API key that the community's own software uses; None where it has none. Its secret is thrown away: the history
    goes straight into the stream."""
    if not community.own_types:
        return None
    key = ApiKey.objects.filter(tenant_id=context.tenant_id, name=KEY_NAME, revoked_at=None).first()
    if key is None:
        key = issue_api_key(
            tenant_id=context.tenant_id,
            name=KEY_NAME,
            scopes=["activities:write"],
            created_by=None,
            created_by_name="EngageHub",
        ).key
    return key.pk
