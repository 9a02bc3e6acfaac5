"""Builds the template database: public and both communities' schemas migrated, the cast seeded, the app's role granted.

Run as `python -m tests.template` by tests.stack, as the database's owner.
"""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.test")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    schemas = ["public"]
    from tests.cast import COMMUNITIES

    schemas += [_make_tenant(community) for community in COMMUNITIES]
    with connection.cursor() as cursor:
        for schema in schemas:
            _grant(cursor, schema)


def _make_tenant(community) -> str:  # type: ignore[no-untyped-def]
    from tenants.models import Domain, GuildLink, Membership, Tenant, User
    from tests.cast import ROLES

    tenant = Tenant.objects.create(slug=community.slug, name=community.name, state=Tenant.State.ACTIVE)
    tenant.create_schema(check_if_exists=True, verbosity=0)
    Domain.objects.create(tenant=tenant, domain=f"{community.slug}.localhost", is_primary=True)
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
    return str(tenant.schema_name)


def _grant(cursor, schema: str) -> None:  # type: ignore[no-untyped-def]
    cursor.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO engagehub_app')
    cursor.execute(
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO engagehub_app'
    )
    cursor.execute(f'GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA "{schema}" TO engagehub_app')
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename = ANY(%s)",
        [schema, ["ledger_entry", "domain_event", "audit_entry"]],
    )
    for (table,) in cursor.fetchall():
        cursor.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{schema}"."{table}" FROM engagehub_app')


if __name__ == "__main__":
    main()
