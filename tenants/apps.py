from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class TenantsConfig(AppConfig):
    name = "tenants"
    label = "tenants"

    def ready(self) -> None:
        """Every process checks the schema map when it starts; uvicorn runs none of Django's checks by itself."""
        from .checks import check_schemas

        problems = check_schemas()
        if problems:
            raise ImproperlyConfigured(
                "\n".join(f"{problem.id}: {problem.msg} {problem.hint}" for problem in problems)
            )
