"""What of an incident's time does not count as downtime; of earlier incidents that is not known."""

from datetime import timedelta

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0029_views_without_layout")]

    operations = [
        migrations.AddField("incident", "in_maintenance", models.DurationField(default=timedelta)),
        migrations.AddField("incident", "unwatched", models.DurationField(default=timedelta)),
    ]
