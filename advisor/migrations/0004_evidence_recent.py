from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("advisor", "0003_decision_evidence")]

    operations = [migrations.AddField("decisionevidence", "recent", models.JSONField(default=list))]
