"""Tags of endpoints."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0024_paused")]

    operations = [migrations.AddField("endpoint", "tags", models.JSONField(blank=True, default=list))]
