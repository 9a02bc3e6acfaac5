from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "saas.events"
    label = "tenant_events"
