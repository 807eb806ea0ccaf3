"""Saved views of the board, and the one with which a person's board begins."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import CASCADE, Q


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0026_alert_tags"),
        ("teams", "0004_pending_addresses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(blank=True, max_length=2000)),
                ("density", models.CharField(blank=True, max_length=8)),
                ("columns", models.CharField(blank=True, max_length=100)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True, on_delete=CASCADE, related_name="saved_views", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(null=True, on_delete=CASCADE, related_name="saved_views", to="teams.team"),
                ),
            ],
            options={"ordering": ["name", "pk"]},
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None), name="view_of_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=["owner", "name"], name="one_view_name_per_person"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=["team", "name"], name="one_view_name_per_team"),
        ),
        migrations.CreateModel(
            name="UsualView",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=CASCADE, primary_key=True, related_name="usual_view", serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("view", models.ForeignKey(on_delete=CASCADE, related_name="+", to="fleet.savedview")),
            ],
        ),
    ]
