from django.db import migrations


def forget(apps, schema_editor):
    """Turns were bare seconds before. Forgotten, an endpoint counts as flapping ten minutes later at most."""
    apps.get_model("fleet", "EndpointState").objects.exclude(turns=[]).update(turns=[])


class Migration(migrations.Migration):

    dependencies = [
        ("fleet", "0011_overdue_and_shares"),
    ]

    operations = [
        migrations.RunPython(forget, forget, elidable=True),
    ]
