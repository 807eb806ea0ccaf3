from django.db import migrations, models


class Migration(migrations.Migration):
    """Drops indexes that no query needs. Each claim and each probe wrote an entry in every one."""

    dependencies = [
        ('fleet', '0018_incident_announced'),
    ]

    operations = [
        migrations.AlterField(
            model_name='endpointstate',
            name='not_probed_since',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='endpointstate',
            name='probe_seconds',
            field=models.FloatField(default=0),
        ),
        migrations.AlterField(
            model_name='endpointstate',
            name='regrouped_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='endpointstate',
            name='shown_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='endpointstate',
            name='status',
            field=models.CharField(default='unknown', max_length=12),
        ),
        migrations.AlterField(
            model_name='endpointstate',
            name='waiting_since',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name='endpointstate',
            index=models.Index(condition=models.Q(('waiting_since__isnull', False)), fields=['waiting_since'], name='state_waiting'),
        ),
        migrations.AddIndex(
            model_name='endpointstate',
            index=models.Index(condition=models.Q(('not_probed_since__isnull', False)), fields=['not_probed_since'], name='state_not_probed'),
        ),
    ]
