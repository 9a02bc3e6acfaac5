"""Start-up refuses what would cross schemas, and the real models are clean."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.test.utils import isolate_apps

from tenants import checks
from tenants.checks import check_schemas, list_models
from tenants.context import TenantContext
from tenants.models import User


def test_the_house_is_clean() -> None:
    assert check_schemas() == []


def test_fewer_than_70_tables_a_tenant(db: None, acme: TenantContext) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_tables where schemaname = %s", [acme.schema])
        assert cursor.fetchone()[0] < 70


def test_public_and_tenant_tables_are_disjoint_but_for_djangos_own(db: None, acme: TenantContext) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select tablename from pg_tables where schemaname = %s"
            " intersect select tablename from pg_tables where schemaname = 'public'",
            [acme.schema],
        )
        assert cursor.fetchall() == [("django_migrations",)]


def test_no_tenant_keeps_files_under_a_path_without_its_name() -> None:
    """Django fixes a storage's folder at its first use, for all tenants alike. A first file field needs a storage that
    asks for the tenant each time, and then this test."""
    fields = [field for model in list_models(settings.TENANT_APPS) for field in model._meta.get_fields()]
    assert not [field for field in fields if isinstance(field, models.FileField)]


@pytest.fixture
def with_models(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Adds models, made in an isolated registry, to what the check sees as the tenants'."""

    def add(*made: type[models.Model]) -> list[str]:
        real = list_models

        def listed(names: Any) -> list[type[models.Model]]:
            extra = list(made) if list(names) == settings.TENANT_APPS else []
            return [*real(names), *extra]

        monkeypatch.setattr(checks, "list_models", listed)
        return [str(message.id) for message in check_schemas()]

    return add


@isolate_apps("engagement")
def test_a_foreign_key_into_public_is_an_error(with_models: Any) -> None:
    class Badge(models.Model):  # noqa: DJ008
        owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "engagement"

    Badge._meta.apps.app_configs = apps.app_configs
    assert with_models(Badge) == ["tenants.E001"]


@isolate_apps("engagement")
def test_a_generic_relation_is_an_error(with_models: Any) -> None:
    class Note(models.Model):  # noqa: DJ008
        kind = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
        row = models.BigIntegerField()
        target = GenericForeignKey("kind", "row")

        class Meta:
            app_label = "engagement"

    Note._meta.apps.app_configs = apps.app_configs
    assert sorted(with_models(Note)) == ["tenants.E001", "tenants.E002"]


@isolate_apps("engagement")
def test_a_table_name_of_publics_is_an_error(with_models: Any) -> None:
    class Tenant(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "engagement"
            db_table = "tenant"

    Tenant._meta.apps.app_configs = apps.app_configs
    assert with_models(Tenant) == ["tenants.E004"]


def test_no_process_starts_with_a_key_across_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Error("A key crosses.", hint="Use SharedReference.", id="tenants.E001")
    monkeypatch.setattr(checks, "check_schemas", lambda: [wrong])
    with pytest.raises(ImproperlyConfigured, match=r"tenants.E001: A key crosses. Use SharedReference."):
        apps.get_app_config("tenants").ready()
