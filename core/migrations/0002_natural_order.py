"""The collation by which PostgreSQL sorts names (core.natural_order); SQLite gets a function on each connection."""

from django.db import migrations


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        # A database whose tables were dropped still has it.
        schema_editor.execute(
            "CREATE COLLATION IF NOT EXISTS natural_order (provider = icu, locale = 'und-u-kn-true')"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP COLLATION natural_order")


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0001_put_off"),
    ]

    operations = [migrations.RunPython(add, remove)]
