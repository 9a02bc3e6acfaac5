"""The public schema's event log: signups, billing, links. The same columns as the tenants', in another table."""

from __future__ import annotations

from django.db import models

from saas.events.models import EventRow


class PublicEvent(EventRow):
    class Meta:
        db_table = "public_event"
        indexes = [models.Index(fields=["xid", "id"], name="public_event_position")]
