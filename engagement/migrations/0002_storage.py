"""Room on the pages of hot rows, so that they are updated in place; and the single rows."""

from django.db import migrations

FILLFACTOR = {"ledger_balance": 50, "member_progress": 50, "standing": 70, "standing_bucket": 50}


class Migration(migrations.Migration):
    dependencies = [("engagement", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[f"ALTER TABLE {table} SET (fillfactor = {percent})" for table, percent in FILLFACTOR.items()],
            reverse_sql=[f"ALTER TABLE {table} RESET (fillfactor)" for table in FILLFACTOR],
        ),
        migrations.RunSQL(
            sql=[
                "INSERT INTO standings_state (id, version, season_length, tie_figure) VALUES (1, 0, 'quarter', '')",
            ],
            reverse_sql=["DELETE FROM standings_state"],
        ),
    ]
