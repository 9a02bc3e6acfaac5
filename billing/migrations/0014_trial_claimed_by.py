from django.db import migrations, models

# Of claims whose attempt is gone nobody knows any more; they count as the community's own.
_KNOWN = """
UPDATE trial_claim SET claimed_by = a.tenant_id FROM billing_attempt a WHERE a.id = trial_claim.attempt_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0013_first_unpaid'),
    ]

    operations = [
        migrations.AddField(
            model_name='trialclaim',
            name='claimed_by',
            field=models.BigIntegerField(help_text='The community that had it for this holder, also when it is gone.', null=True),
        ),
        migrations.RunSQL(_KNOWN, migrations.RunSQL.noop),
    ]
