import datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0022_load_verdict_recent"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="again_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="earlier",
            field=models.DurationField(default=datetime.timedelta),
        ),
        migrations.AddField(
            model_name="incident",
            name="outages",
            field=models.PositiveSmallIntegerField(default=1),
        ),
    ]
