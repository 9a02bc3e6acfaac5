"""How far a feature flag is rolled out [public schema]. One row for each flag that somebody changed; the others stand as declared."""

from __future__ import annotations

from django.db import models

from saas.core import clock


class FlagSetting(models.Model):
    """What the operators chose for one of tenants.flags.FLAGS. Lists of kinds and plans are empty for all."""

    name = models.CharField(max_length=40, unique=True)
    enabled = models.BooleanField(default=False)
    percentage = models.PositiveSmallIntegerField(default=100, help_text="Of the communities, 0 to 100.")
    kinds = models.JSONField(default=list, blank=True)
    plans = models.JSONField(default=list, blank=True)
    always = models.JSONField(
        default=list, blank=True, help_text="Ids of tenants that have it whatever else stands here."
    )
    never = models.JSONField(default=list, blank=True, help_text="Ids of tenants that do not have it.")
    version = models.PositiveIntegerField(default=0, help_text="0: nobody has changed it yet.")
    changed_at = models.DateTimeField(default=clock.now)
    history = models.JSONField(default=list, blank=True, help_text="The last changes: who, when, what.")

    class Meta:
        db_table = "flag_setting"

    def __str__(self) -> str:
        return self.name
