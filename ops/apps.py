from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "ops"
    label = "ops"

    def ready(self) -> None:
        from django.conf import settings

        from .health.sentry import init_sentry

        init_sentry(settings.SENTRY_DSN, release=settings.RELEASE, environment=settings.BASE_DOMAIN)
