"""Alerts by tag: what each way of a team is limited to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0025_endpoint_tags")]

    operations = [
        migrations.AddField("alertpolicy", "apprise_tags", models.JSONField(blank=True, default=list)),
        migrations.AddField("alertpolicy", "webhook_tags", models.JSONField(blank=True, default=list)),
        migrations.AddField("recipient", "only_tags", models.JSONField(blank=True, default=list)),
    ]
