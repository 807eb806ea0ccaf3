from django.db import migrations


def carry(apps, schema_editor):
    """Every alert written so far was a mail of its own."""
    Alert, Message = apps.get_model("fleet", "Alert"), apps.get_model("fleet", "Message")
    for alert in Alert.objects.select_related("incident__endpoint").order_by("pk"):
        team = alert.incident.endpoint.team_id if alert.incident else None
        same = ("recipient", "created_at", "state", "attempts", "next_try_at", "sent_at", "error")
        alert.message = Message.objects.create(team_id=team, **{name: getattr(alert, name) for name in same})
        alert.team_id = team
        alert.save()
    for incident in apps.get_model("fleet", "Incident").objects.prefetch_related("alerts"):
        # Kinds by the order in which they are told.
        kinds = {alert.kind for alert in incident.alerts.all()}
        incident.told = next((kind for kind in ("recovered", "down", "degraded") if kind in kinds), "")
        if incident.resolved_at and incident.told != "recovered":
            incident.told = "closed"
        incident.save()


class Migration(migrations.Migration):

    dependencies = [("fleet", "0003_trusted_alerts")]

    operations = [migrations.RunPython(carry, migrations.RunPython.noop)]
