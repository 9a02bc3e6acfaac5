"""Builds the template database: public and both communities' schemas, provisioned as the product does it, and the cast.

Run as `python -m tests.template` by tests.stack.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tests.cast import Community


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.test")
    django.setup()
    from django.db import connection

    from tenants.owner import as_owner
    from tenants.schema_script import migrate_public
    from tests.cast import COMMUNITIES

    with as_owner():
        migrate_public()
    for community in COMMUNITIES:
        _make_community(community)
    # What the making deferred would be the first thing that every test of jobs finds.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def _make_community(community: Community) -> None:
    from engagement.kinds.seeding import seed_community
    from tenants.models import Membership, User
    from tenants.provisioning import provision_tenant
    from tenants.services import link_guild
    from tests.cast import PASSWORD, ROLES

    people = {
        role: User.objects.create_user(
            community.username(role),
            f"{community.username(role)}@example.com",
            PASSWORD,
            discord_id=community.discord_id(role),
            display_name=community.display_name(role),
        )
        for role in ROLES
    }
    tenant = provision_tenant(
        slug=community.slug,
        name=community.name,
        owner=people["owner"],
        seed=seed_community,
    )
    Membership.objects.create(user=people["moderator"], tenant=tenant, role=Membership.Role.MODERATOR)
    link_guild(tenant=tenant, guild_id=community.guild_id, guild_name=community.name)


if __name__ == "__main__":
    main()
