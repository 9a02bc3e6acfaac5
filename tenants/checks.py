"""Start-up fails on what would bind a tenant's schema to another one (DESIGN section 4.3).

tenants.E001  a foreign key from a tenant app to a shared one, or back
tenants.E002  a generic relation in a tenant app: its content type is a public row
tenants.E003  an app in both lists
tenants.E004  a table name that public and the tenants share
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model


def list_models(names: Iterable[str]) -> list[type[Model]]:
    wanted = set(names)
    return [m for m in apps.get_models(include_auto_created=True) if m._meta.app_config.name in wanted]


@register("tenants")
def check_schemas(app_configs: Sequence[AppConfig] | None = None, **options: Any) -> list[CheckMessage]:
    """All four checks over every installed app."""
    shared, tenant = list_models(settings.SHARED_APPS), list_models(settings.TENANT_APPS)
    found: list[CheckMessage] = [
        Error(
            f"{app} is both a shared and a tenant app.",
            hint="Split it in two apps with two tables.",
            id="tenants.E003",
        )
        for app in sorted(set(settings.SHARED_APPS) & set(settings.TENANT_APPS))
    ]
    for model in tenant:
        found += _check_keys(model, settings.TENANT_APPS)
        found += _check_generic(model)
    for model in shared:
        found += _check_keys(model, settings.SHARED_APPS)
    tables = {model._meta.db_table for model in shared}
    for model in tenant:
        if model._meta.db_table in tables:
            found.append(
                Error(
                    f"The table {model._meta.db_table} is in public and in every tenant.",
                    hint="Rename one: a tenant that lacked it would silently read public's.",
                    obj=model,
                    id="tenants.E004",
                )
            )
    return found


def _check_keys(model: type[Model], own_apps: list[str]) -> Iterator[CheckMessage]:
    for field in model._meta.get_fields():
        target = field.related_model if field.concrete or field.many_to_many else None
        if not isinstance(target, type) or not issubclass(target, Model) or field.auto_created:
            continue
        if target._meta.app_config.name not in own_apps:
            yield Error(
                f"{model.__name__}.{field.name} is a foreign key to {target.__name__}, which lives in another schema.",
                hint="Use tenants.fields.SharedReference, and copy the fields that are shown.",
                obj=model,
                id="tenants.E001",
            )


def _check_generic(model: type[Model]) -> Iterator[CheckMessage]:
    for field in model._meta.private_fields:
        if type(field).__name__ in {"GenericForeignKey", "GenericRelation"}:
            yield Error(
                f"{model.__name__}.{field.name} is a generic relation; content types live in the public schema.",
                hint="Use one nullable foreign key a kind, or a kind and an id.",
                obj=model,
                id="tenants.E002",
            )
