"""Who started a team counts against TEAMS_PER_PERSON. Of older teams the audit trail knows it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def from_the_trail(apps, schema_editor) -> None:
    people = set(apps.get_model("auth", "User").objects.values_list("pk", flat=True))
    teams, trail = apps.get_model("teams", "Team").objects, apps.get_model("teams", "AuditEntry").objects
    found = trail.filter(action="team.created", team_id__in=teams.values("pk"), actor_id__in=people)
    for team, person in found.values_list("team_id", "actor_id"):
        teams.filter(pk=team).update(started_by=person)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("teams", "0002_people_and_safety"),
    ]

    operations = [
        migrations.AddField(
            model_name="team",
            name="started_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.RunPython(from_the_trail, migrations.RunPython.noop),
    ]
