"""The mail about an end was not sent any more a day after it. From now on it is, so what ended before is closed."""

from datetime import UTC, datetime, timedelta

from django.db import migrations


def close(apps, schema_editor) -> None:
    rows = apps.get_model("fleet", "Incident").objects.filter(told__in=["down", "degraded"])
    rows.filter(resolved_at__lt=datetime.now(UTC) - timedelta(days=1)).update(told="closed")


class Migration(migrations.Migration):
    dependencies = [("fleet", "0014_unwatched")]

    operations = [migrations.RunPython(close, migrations.RunPython.noop, elidable=True)]
