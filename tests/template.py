"""Builds the template database: public and both communities' schemas migrated, the cast seeded, the app's role granted.

Run as `python -m tests.template` by tests.stack, as the database's owner.
"""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.test")
    django.setup()
    from tenants.owner import as_owner
    from tenants.schema_script import migrate_public
    from tests.cast import COMMUNITIES

    with as_owner():
        migrate_public()
    for community in COMMUNITIES:
        _make_tenant(community)


def _make_tenant(community) -> None:  # type: ignore[no-untyped-def]
    from tenants.models import GuildLink, Membership, User
    from tenants.provisioning import provision_tenant
    from tests.cast import ROLES

    tenant = provision_tenant(slug=community.slug, name=community.name)
    GuildLink.objects.create(tenant=tenant, guild_id=community.guild_id, guild_name=community.name)
    for role in ROLES:
        user = User.objects.create_user(
            community.username(role),
            f"{community.username(role)}@example.com",
            "correct horse",
            discord_id=community.discord_id(role),
            display_name=f"{community.slug} {role}".title(),
        )
        if role in {"owner", "moderator"}:
            Membership.objects.create(user=user, tenant=tenant, role=role)


if __name__ == "__main__":
    main()
