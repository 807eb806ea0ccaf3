import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def become_a_status(apps, schema_editor):
    """Paused endpoints were "unknown". Since when they are paused is known, what they were before is not."""
    states = apps.get_model("fleet", "EndpointState").objects
    states.filter(endpoint__paused=True).update(status="paused", cause="paused")
    for pk, since in states.filter(endpoint__paused=True).values_list("pk", "since"):
        apps.get_model("fleet", "Endpoint").objects.filter(pk=pk).update(paused_at=since)


class Migration(migrations.Migration):

    dependencies = [
        ("fleet", "0023_incident_outages"),
        ('teams', '0004_pending_addresses'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='endpoint',
            name='before_pause',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='paused_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='paused_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='paused_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='endpoint',
            index=models.Index(condition=models.Q(('paused_until__isnull', False)), fields=['paused_until'], name='endpoint_paused_until'),
        ),
        migrations.RunPython(become_a_status, migrations.RunPython.noop, elidable=True),
    ]
