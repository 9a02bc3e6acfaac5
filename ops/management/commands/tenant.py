"""`manage.py tenant create|link|unlink|map-role|list`: makes communities and links Discord servers to them.

Repeating a command changes nothing and says so. `--json` prints one object for programs.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engagement.access.team import map_role
from engagement.audit.actor import Actor
from engagement.kinds import seed_community
from engagement.kinds.lifecycle import record_creation
from integrations.discord.linking import link_by_hand, part_guild
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.context import TenantContext
from tenants.errors import GuildNotLinkedError
from tenants.models import GuildLink, Tenant, User
from tenants.permissions import Role
from tenants.provisioning import host_of, provision_tenant
from tenants.selectors import get_tenant, list_links, list_tenants
from tenants.services import ensure_owner


class Command(BaseCommand):
    help = "Creates, links and lists communities."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="create|link|unlink|map-role|list"
        )
        create = actions.add_parser("create", help="Make a community with its schema.")
        create.add_argument("slug", help=f"The first part of its address: <slug>.{settings.BASE_DOMAIN}.")
        create.add_argument("--name", help="What people call it. Default: the slug in capitals and spaces.")
        create.add_argument("--kind", default="discord", choices=Tenant.Kind.values)
        create.add_argument("--timezone", default="UTC", help="Such as Europe/Berlin.")
        create.add_argument("--colour", default="#4f46e5")
        create.add_argument("--points-name", default="points")
        create.add_argument("--owner", metavar="USERNAME", help="An existing login that becomes its owner.")
        create.add_argument("--guild", type=int, metavar="ID", help="Link this Discord server too.")
        create.add_argument("--shadow", action="store_true", help="Count, but announce nothing yet.")
        link = actions.add_parser("link", help="Link a Discord server to a community.")
        link.add_argument("slug")
        link.add_argument("guild", type=int, metavar="GUILD_ID")
        link.add_argument("--guild-name", default="")
        unlink = actions.add_parser("unlink", help="Part a Discord server from its community.")
        unlink.add_argument("guild", type=int, metavar="GUILD_ID")
        mapping = actions.add_parser("map-role", help="Let a Discord role stand for a role in the community.")
        mapping.add_argument("slug")
        mapping.add_argument("role_id", type=int, metavar="ROLE_ID")
        mapping.add_argument("role", choices=["analyst", "moderator", "admin", "none"])
        listing = actions.add_parser("list", help="List the communities.")
        for action in (create, link, unlink, mapping, listing):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        as_json = options["json"]
        try:
            text, data = getattr(self, f"_{action.replace('-', '_')}")(options)
        except EngageHubError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(data) if as_json else text)

    def _create(self, options: dict[str, Any]) -> tuple[str, Any]:
        slug = options["slug"]
        owner = _find_user(options["owner"])
        tenant = Tenant.objects.filter(slug=slug).first()
        created = tenant is None
        if tenant is None:
            tenant = provision_tenant(
                slug=slug,
                name=options["name"] or slug.replace("-", " ").title(),
                kind=options["kind"],
                timezone=options["timezone"],
                colour=options["colour"],
                points_name=options["points_name"],
                live=not options["shadow"],
                owner=owner,
                seed=_seed,
            )
        elif owner is not None:
            ensure_owner(tenant=tenant, user=owner)
        if options["guild"]:
            link_by_hand(tenant=tenant, guild_id=options["guild"], guild_name="", actor=_actor())
        data = {**_describe(tenant, list_links()), "created": created}
        verb = "is made" if created else "existed already; nothing was made"
        return f"{tenant.name} {verb}: http://{host_of(slug)} (schema {tenant.schema_name}).", data

    def _link(self, options: dict[str, Any]) -> tuple[str, Any]:
        tenant = get_tenant(slug=options["slug"])
        link = link_by_hand(
            tenant=tenant, guild_id=options["guild"], guild_name=options["guild_name"], actor=_actor()
        )
        return f"Discord server {link.guild_id} is linked to {tenant.name}.", _describe(tenant, list_links())

    def _unlink(self, options: dict[str, Any]) -> tuple[str, Any]:
        guild_id = options["guild"]
        standing = GuildLink.objects.select_related("tenant").exclude(state=GuildLink.State.UNLINKED)
        found = standing.filter(guild_id=guild_id).first()
        if found is None:
            raise GuildNotLinkedError(guild_id)
        context = TenantContext.of(found.tenant, guild_id)
        link = part_guild(context=context, guild_id=guild_id, leave=False, actor=_actor())
        return f"Discord server {link.guild_id} is no longer linked.", {"guild_id": str(link.guild_id)}

    def _map_role(self, options: dict[str, Any]) -> tuple[str, Any]:
        role = None if options["role"] == "none" else Role[options["role"].upper()]
        tenant = get_tenant(slug=options["slug"])
        mapped = map_role(
            context=TenantContext.of(tenant), role_id=options["role_id"], role_name="", role=role, by_user_id=None,
            actor=_actor(),
        )  # fmt: skip
        text = "\n".join(f"Discord role {key} → {name}" for key, name in mapped.items())
        return text or f"No Discord role stands for a role in {tenant.name}.", mapped

    def _list(self, options: dict[str, Any]) -> tuple[str, Any]:
        links = list_links()
        tenants = list_tenants()
        lines = [
            f"{tenant.slug:<24} {tenant.state:<12} {links.get(tenant.pk) or 'no server':<20} {tenant.schema_name}"
            for tenant in tenants
        ]
        text = "\n".join(lines) or "There is no community yet. Make one: manage.py tenant create <slug>"
        return text, [_describe(tenant, links) for tenant in tenants]


def _actor() -> Actor:
    return command_actor("tenant")


def _seed(context: TenantContext) -> None:
    seed_community(context)
    record_creation(context=context, actor=_actor())


def _find_user(username: str | None) -> User | None:
    if not username:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no login {username!r}. Make one first: manage.py createsuperuser")
    return user


def _describe(tenant: Tenant, links: dict[int, int]) -> dict[str, Any]:
    guild = links.get(tenant.pk)
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "state": tenant.state,
        "schema": tenant.schema_name,
        "host": host_of(tenant.slug),
        "guild_id": str(guild) if guild else None,
    }
