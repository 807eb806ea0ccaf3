"""What is done on the server's command line is in the audit trail too, and a restore keeps the trail."""

import getpass
import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError

from fleet import endpoints
from teams import audit
from teams.models import AuditEntry

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.django_db, pytest.mark.database]

ONCALL = "oncall@example.org"
PLANTED = "sk-planted-4711"


def since(start: int) -> list[AuditEntry]:
    """What was written after so many entries."""
    return list(AuditEntry.objects.order_by("pk")[start:])


def test_a_file_is_applied_by_someone_on_the_server(team, tmp_path):
    endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", api_key=f"{PLANTED}-old")
    path = tmp_path / "fleet.yaml"
    path.write_text(f"""
teams:
  - slug: search
    name: Search
    mail_to: [{ONCALL}, more@example.org]
    endpoints:
      - {{name: gpu-1, url: "http://gpu-1:8000", api_key: {PLANTED}-new, interval: 15}}
      - {{name: gpu-2, url: "http://gpu-2:8000"}}
""")
    start = AuditEntry.objects.count()
    call_command("apply", path, "--dry-run", stdout=io.StringIO())
    assert since(start) == []
    call_command("apply", path, stdout=io.StringIO())
    found = since(start)
    assert [each.action for each in found] == ["team.changed", "endpoint.changed", "endpoint.added"]
    assert {(each.actor_id, each.address, each.via) for each in found} == {(None, None, "manage.py apply")}
    assert found[0].detail == {"changed": ["mail_to"]}
    assert found[1].detail["api_key"] == "changed" and found[1].detail["interval"]["to"] == 15
    path.write_text("teams: [{slug: search, endpoints: [{name: a, url: 'ftp://gpu-1'}]}]")
    with pytest.raises(CommandError):
        call_command("apply", path, stdout=io.StringIO())
    assert len(since(start)) == 3


def test_commands_about_the_installation(transactional_db, team, tmp_path):
    start = AuditEntry.objects.count()
    call_command("rotatekeys", stdout=io.StringIO())
    call_command("backup", tmp_path / "all.zip", stdout=io.StringIO())
    made = since(start)
    assert [(each.action, each.via, each.team_id) for each in made] == [
        ("secret.rotated", "manage.py rotatekeys", None),
        ("backup.made", "manage.py backup", None),
    ]
    assert made[1].detail == {"file": "all.zip", "keys": False}


def test_a_password_set_on_the_server(alice, monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": "quite another one")
    start = AuditEntry.objects.count()
    call_command("changepassword", "alice", stdout=io.StringIO())
    alice.refresh_from_db()
    assert alice.check_password("quite another one")
    [entry] = since(start)
    assert (entry.action, entry.object_id, entry.via) == (
        "account.password_changed",
        alice.pk,
        "manage.py changepassword",
    )


def test_a_backup_of_a_database_that_takes_no_rows_is_made_all_the_same(transactional_db, team, tmp_path, monkeypatch):
    def refuses(*args, **kwargs):
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(audit, "record", refuses)
    said = io.StringIO()
    call_command("backup", tmp_path / "all.zip", stdout=io.StringIO(), stderr=said)
    assert (tmp_path / "all.zip").exists() and "readonly" in said.getvalue()


def test_a_restore_keeps_the_trail_and_adds_to_it(transactional_db, alice, team, tmp_path):
    audit.record("team.changed", team=team, what=team, actor=alice, detail={"changed": ["name"]})
    before = list(AuditEntry.objects.order_by("pk").values())
    call_command("backup", tmp_path / "all.zip", stdout=io.StringIO())
    call_command("flush", interactive=False)
    call_command("restore", tmp_path / "all.zip", stdout=io.StringIO())
    assert list(AuditEntry.objects.order_by("pk").values())[: len(before)] == before
    [added] = since(len(before))
    assert (added.action, added.via) == ("backup.restored", "manage.py restore")
    assert added.detail["file"] == "all.zip" and added.detail["replaced what was there"] is False
