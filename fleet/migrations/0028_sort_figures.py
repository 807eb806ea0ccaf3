"""What the board sorts by, in columns; the next probe of each endpoint fills them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0027_saved_views")]

    operations = [
        migrations.AddField("endpointstate", "models_loaded", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("endpointstate", "callers", models.PositiveIntegerField(null=True)),
        migrations.AddField("endpointstate", "load_share", models.FloatField(null=True)),
        migrations.AddField("endpointstate", "available", models.FloatField(null=True)),
    ]
