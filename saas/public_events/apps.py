from django.apps import AppConfig


class PublicEventsConfig(AppConfig):
    name = "saas.public_events"
    label = "public_events"
