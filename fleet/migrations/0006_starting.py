from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fleet', '0005_alert_without_state'),
    ]

    operations = [
        migrations.AddField(
            model_name='endpointstate',
            name='starting',
            field=models.JSONField(default=dict),
        ),
    ]
