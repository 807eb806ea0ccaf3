"""Saved views leave the layout to each reader."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("fleet", "0028_sort_figures")]

    operations = [
        migrations.RemoveField("savedview", "density"),
        migrations.RemoveField("savedview", "columns"),
    ]
