"""`manage.py seed_local`: a community and its organiser's login for each guild named on standard input.

For the local stack only: the logins' password is known to everyone. Repeating it changes nothing.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from engagement.kinds import seed_community
from ops.demo.founding import find_demo_of_guild
from tenants.models import Domain, GuildLink, Tenant, User
from tenants.provisioning import provision_tenant
from tenants.services import ensure_owner, link_guild

LOCAL_PASSWORD = "engagehub"


class Command(BaseCommand):
    help = "Makes the local stack's communities and logins. Reads JSON: [{guild_id, name, owner_id, owner_username, owner_name}]."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.BASE_DOMAIN != "localhost":
            raise CommandError(
                "seed_local makes logins with a known password; it runs where BASE_DOMAIN is localhost."
            )
        made = [_make_community(facts) for facts in json.load(sys.stdin)]
        self.stdout.write(json.dumps(made))


def _make_community(facts: dict[str, Any]) -> dict[str, str]:
    owner = _make_login(facts)
    link = (
        GuildLink.objects.filter(guild_id=facts["guild_id"])
        .exclude(state=GuildLink.State.UNLINKED)
        .select_related("tenant")
        .first()
    )
    tenant = link.tenant if link else _make_tenant(facts, owner)
    ensure_owner(tenant=tenant, user=owner)
    link_guild(tenant=tenant, guild_id=facts["guild_id"], guild_name=facts["name"])
    host = Domain.objects.get(tenant=tenant, is_primary=True).domain
    return {
        "name": tenant.name,
        "slug": tenant.slug,
        "schema": tenant.schema_name,
        "host": host,
        "guild_id": str(facts["guild_id"]),
        "username": owner.username,
        "password": LOCAL_PASSWORD,
    }


def _make_login(facts: dict[str, Any]) -> User:
    with transaction.atomic():
        user, created = User.objects.get_or_create(
            discord_id=facts["owner_id"],
            defaults={
                "username": facts["owner_username"],
                "email": f"{facts['owner_username']}@example.com",
                "display_name": facts["owner_name"],
            },
        )
        if created:
            user.set_password(LOCAL_PASSWORD)
            user.save(update_fields=["password"])
    return user


def _make_tenant(facts: dict[str, Any], owner: User) -> Tenant:
    demo = find_demo_of_guild(int(facts["guild_id"]))
    if demo is not None:
        return provision_tenant(
            slug=demo.slug,
            name=demo.name,
            kind=demo.kind,
            timezone=demo.timezone,
            first_weekday=demo.first_weekday,
            points_name=demo.points_name,
            colour=demo.colour,
            owner=owner,
            seed=seed_community,
        )
    slug = re.sub(r"[^a-z0-9]+", "-", facts["name"].lower()).strip("-")[:40] or f"guild-{facts['guild_id']}"
    return provision_tenant(slug=slug, name=facts["name"], owner=owner, seed=seed_community)
