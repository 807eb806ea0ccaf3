"""Each observation keeps the interval that it was made at, so that changing it later changes nothing of the past."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fleet', '0015_old_ends'),
    ]

    operations = [
        migrations.AddField(
            model_name='observation',
            name='interval',
            field=models.PositiveIntegerField(null=True),
        ),
    ]
