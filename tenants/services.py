"""Changes to tenants' addresses and guilds. All in the public schema; routing follows within a second of the commit."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events import publish

from .errors import (
    BadGuildError,
    BadRoleError,
    GuildNotLinkedError,
    GuildTakenError,
    SlugTakenError,
    TenantHasGuildError,
)
from .events import GuildLinked, GuildUnlinked, SlugChanged
from .guild_facts import clean_name
from .models import Domain, GuildLink, Membership, Tenant, User
from .permissions import Role
from .provisioning import host_of
from .routing import invalidate_routing
from .seats import require_seat_to_join
from .slugs import check_slug


def link_guild(
    *, tenant: Tenant, guild_id: int, guild_name: str = "", owner_id: int | None = None, icon: str = ""
) -> GuildLink:
    """The guild's traffic belongs to `tenant` from now on.

    Idempotent: linking the same guild again renames it and revives a link whose bot had been removed. Two callers that
    race are decided by the table's unique constraints; the loser gets GuildTakenError or TenantHasGuildError.
    Publishes GuildLinked when something changed. Raises BadGuildError too.
    """
    guild_name = clean_name(guild_name)
    if not 10**16 <= guild_id < 2**63:
        raise BadGuildError(guild_id)
    with enter_schema(PUBLIC), transaction.atomic():
        link = (
            GuildLink.objects.select_for_update()
            .filter(guild_id=guild_id, tenant=tenant)
            .exclude(state=GuildLink.State.UNLINKED)
            .first()
        )
        if link is None:
            link = _add_link(tenant, guild_id, guild_name, owner_id, icon)
        elif link.state == GuildLink.State.ACTIVE and guild_name in ("", link.guild_name):
            return link
        else:
            link.state, link.ended_at = GuildLink.State.ACTIVE, None
            link.guild_name = guild_name or link.guild_name
            link.save(update_fields=["state", "ended_at", "guild_name"])
        publish(GuildLinked(tenant_id=tenant.pk, guild_id=guild_id))
        invalidate_routing(tenant_id=tenant.pk)
    return link


def _add_link(tenant: Tenant, guild_id: int, guild_name: str, owner_id: int | None, icon: str) -> GuildLink:
    try:
        with transaction.atomic():
            return GuildLink.objects.create(
                tenant=tenant, guild_id=guild_id, guild_name=guild_name, owner_id=owner_id, icon=icon[:64]
            )
    except IntegrityError as error:
        # Whoever got there first has committed. Which constraint speaks first is the server's choice; what we say is not.
        standing = GuildLink.objects.exclude(state=GuildLink.State.UNLINKED)
        if standing.filter(guild_id=guild_id).exists():
            raise GuildTakenError(guild_id) from error
        other = standing.filter(tenant=tenant).first()
        raise TenantHasGuildError(tenant.slug, other.guild_id if other else 0) from error


def unlink_guild(*, guild_id: int) -> GuildLink:
    """The organiser parts the guild from its tenant: its traffic counts no more, what was earned stays.

    Publishes GuildUnlinked. Raises GuildNotLinkedError.
    """
    return _end_link(guild_id, GuildLink.State.UNLINKED)


def mark_guild_removed(*, guild_id: int) -> GuildLink:
    """The bot was removed from the guild (GUILD_DELETE without `unavailable`). Linking again revives the link.

    Publishes GuildUnlinked, once: a repeated removal raises GuildNotLinkedError.
    """
    return _end_link(guild_id, GuildLink.State.REMOVED)


def mark_guild_returned(*, guild_id: int) -> GuildLink:
    """The bot is back in a guild from which it had been removed: its link counts again.

    Publishes GuildLinked, once: raises GuildNotLinkedError where no link waits for its bot.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        waiting = GuildLink.objects.select_for_update().filter(
            guild_id=guild_id, state=GuildLink.State.REMOVED
        )
        link = waiting.first()
        if link is None:
            raise GuildNotLinkedError(guild_id)
        link.state, link.ended_at = GuildLink.State.ACTIVE, None
        link.save(update_fields=["state", "ended_at"])
        publish(GuildLinked(tenant_id=link.tenant_id, guild_id=guild_id))
        invalidate_routing(tenant_id=link.tenant_id)
    return link


def _end_link(guild_id: int, state: GuildLink.State) -> GuildLink:
    # A removed bot's link can still be unlinked by hand, an active one by either way.
    ended = {GuildLink.State.UNLINKED, state}
    with enter_schema(PUBLIC), transaction.atomic():
        link = (
            GuildLink.objects.select_for_update().filter(guild_id=guild_id).exclude(state__in=ended).first()
        )
        if link is None:
            raise GuildNotLinkedError(guild_id)
        link.state, link.ended_at, link.unavailable_since = state, clock.now(), None
        link.save(update_fields=["state", "ended_at", "unavailable_since"])
        publish(GuildUnlinked(tenant_id=link.tenant_id, guild_id=guild_id))
        invalidate_routing(tenant_id=link.tenant_id)
    return link


def map_discord_role(*, tenant: Tenant, role_id: int, role: Role | None) -> Tenant:
    """Whoever holds the Discord role counts as `role` here; None takes it out of the map. Idempotent.

    Locks the tenant's row. Nobody becomes owner by a Discord role. Raises BadRoleError.
    """
    if not 10**16 <= role_id < 2**63:
        raise BadRoleError(
            f"{role_id} is no Discord role id. Copy it from the role's menu in Discord.", field="role_id"
        )
    if role is not None and not Role.MEMBER < role <= Role.ADMIN:
        raise BadRoleError(
            "A Discord role can stand for analyst, moderator or admin, for nothing else.", field="role"
        )
    with enter_schema(PUBLIC), transaction.atomic():
        row: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        row.role_map.pop(str(role_id), None)
        if role is not None:
            row.role_map[str(role_id)] = role.title
        row.save(update_fields=["role_map"])
        invalidate_routing(tenant_id=row.pk)
    return row


def change_slug(*, tenant: Tenant, slug: str) -> Tenant:
    """Give the tenant another address; the former one redirects for ever, and may be taken back by this tenant alone.

    Locks the tenant's row. Idempotent. Publishes SlugChanged. Raises BadSlugError, SlugTakenError.
    """
    check_slug(slug)
    with enter_schema(PUBLIC), transaction.atomic():
        row: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if row.slug == slug:
            return row
        former = row.slug
        Domain.objects.filter(tenant=row, domain=host_of(former)).update(is_primary=False, is_redirect=True)
        try:
            with transaction.atomic():
                _take_host(row, host_of(slug))
                row.slug = slug
                row.save(update_fields=["slug"])
        except IntegrityError as error:
            raise SlugTakenError(slug) from error
        publish(SlugChanged(tenant_id=row.pk, former=former, slug=slug))
        invalidate_routing(tenant_id=row.pk)
    return row


def ensure_owner(*, tenant: Tenant, user: User) -> Membership.Role:
    """`user` owns the tenant where nobody did, else joins its team as an admin; a higher role is kept. Idempotent.

    Locks the tenant's row. Answers the role that the user has afterwards. Raises LimitReachedError for who would be one more than
    the plan has seats for.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        team = Membership.objects.filter(tenant=tenant)
        owned = team.filter(role=Membership.Role.OWNER).exists()
        role = Membership.Role.ADMIN if owned else Membership.Role.OWNER
        mine = team.filter(user=user).first()
        if mine is None:
            if owned:
                require_seat_to_join(row)
            mine = Membership.objects.create(user=user, tenant=tenant, role=role)
        elif not owned:
            mine.role = role
            mine.save(update_fields=["role"])
    return Membership.Role(mine.role)


def _take_host(tenant: Tenant, host: str) -> None:
    changed = Domain.objects.filter(tenant=tenant, domain=host).update(is_primary=True, is_redirect=False)
    if not changed:
        Domain.objects.create(tenant=tenant, domain=host, is_primary=True)
