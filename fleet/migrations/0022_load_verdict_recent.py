from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0021_state_failing")]

    operations = [migrations.AddField("loadverdict", "recent", models.JSONField(default=list))]
