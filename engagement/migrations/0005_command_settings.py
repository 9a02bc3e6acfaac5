from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engagement", "0004_standing_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommandSetting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "command",
                    models.CharField(
                        blank=True, help_text="“points give”; empty: every command.", max_length=60, unique=True
                    ),
                ),
                (
                    "channel_ids",
                    models.JSONField(default=list, help_text="Where it answers, threads included; empty: everywhere."),
                ),
                (
                    "uses",
                    models.PositiveSmallIntegerField(help_text="How often one member may use it within `seconds`."),
                ),
                ("seconds", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "command_setting",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("uses__gte", 1)), name="command_uses_positive"),
                    models.CheckConstraint(condition=models.Q(("seconds__gte", 1)), name="command_seconds_positive"),
                ],
            },
        ),
    ]
