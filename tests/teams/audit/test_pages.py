"""The pages of the audit trail and their exports: who gets there, what they show, and what they cost."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet import endpoints
from teams import audit
from teams.models import AuditEntry, Membership, Role, Team

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.django_db, pytest.mark.database]

PAGES = ["", "export.csv", "export.json"]


@pytest.fixture
def admin(db) -> User:
    return User.objects.create_user("root", password="a long password", is_superuser=True)


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def html(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main")[2]).split())


def exported(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.streaming and answer.is_async

    async def read() -> list[bytes]:
        return [portion async for portion in answer.streaming_content]

    return b"".join(async_to_sync(read)()).decode()


def rows(client, path: str) -> list[dict]:
    """Of a CSV export, without the entry that the export itself is."""
    found = list(csv.DictReader(io.StringIO(exported(client, path))))
    return [row for row in found if row["action"] != "audit.exported"]


def wrote(**columns) -> None:
    """One entry as it would be written at `at`."""
    at = columns.pop("at", None)
    entry = AuditEntry.objects.create(**{"action": "team.changed"} | columns)
    if at:
        models.QuerySet(AuditEntry).filter(pk=entry.pk).update(at=at)


@pytest.mark.parametrize("end", PAGES)
def test_the_team_s_trail_is_for_its_owners(client, team, alice, charlie, admin, end):
    expected = {Role.VIEWER: 403, Role.OPERATOR: 403}
    for role, status in expected.items():
        member = User.objects.create_user(f"a-{role}")
        Membership.objects.create(user=member, team=team, role=role)
        client.force_login(member)
        assert client.get(f"/teams/search/audit/{end}").status_code == status
    client.force_login(charlie)
    assert client.get(f"/teams/search/audit/{end}").status_code == 404
    for user in (alice, admin):
        client.force_login(user)
        assert client.get(f"/teams/search/audit/{end}").status_code == 200
    client.logout()
    assert client.get(f"/teams/search/audit/{end}").status_code == 302


@pytest.mark.parametrize("end", PAGES)
def test_the_installation_s_trail_is_for_who_runs_it(client, alice, admin, end):
    client.force_login(alice)
    assert client.get(f"/audit/{end}").status_code == 404
    client.force_login(admin)
    assert client.get(f"/audit/{end}").status_code == 200
    assert client.post(f"/audit/{end}").status_code == 405


def test_an_owner_sees_the_team_s_entries_alone(page, team, alice):
    other = Team.objects.create(name="Adverts", slug="adverts")
    audit.record("team.changed", team=other, what=other, actor=alice)
    audit.record("backup.made")
    audit.record("team.created", team=team, what=team, actor=alice)
    shown = html(page, "/teams/search/audit/")
    assert "alice created the team: Search" in shown
    assert "1 entry" in shown and "Adverts" not in shown
    assert [row["action"] for row in rows(page, "/teams/search/audit/export.csv")] == ["team.created"]


def test_names_are_those_of_now_and_who_is_deleted_has_none(page, team, alice, bob):
    audit.record("team.changed", team=team, what=team, actor=bob)
    audit.record("member.removed", team=team, what=bob, actor=alice)
    User.objects.filter(pk=bob.pk).update(username="robert")
    shown = html(page, "/teams/search/audit/")
    assert "robert changed the team" in shown and "alice removed a member: robert" in shown
    number = bob.pk
    bob.delete()
    shown = html(page, "/teams/search/audit/")
    assert f"deleted person {number} changed the team" in shown and "robert" not in shown


def test_an_object_has_a_link_while_it_is_there(page, team):
    gpu = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    assert f'<a href="/endpoints/{gpu.pk}/">gpu-1</a>' in page.get("/teams/search/audit/").content.decode()
    endpoints.remove(gpu)
    shown = page.get("/teams/search/audit/").content.decode()
    assert "gpu-1" in shown and f'href="/endpoints/{gpu.pk}/"' not in shown


def test_what_people_typed_is_text(page, team):
    endpoints.add(team, name="<script>alert(1)</script>", url="http://gpu-1:8000")
    assert "<script>alert" not in page.get("/teams/search/audit/").content.decode()


def test_the_details_show_before_and_after(page, team):
    gpu = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    endpoints.change(gpu, interval=90, api_key="sk-planted")
    shown = html(page, "/teams/search/audit/")
    assert "interval 30 → 90" in shown and "api_key set" in shown and "planted" not in shown


def test_filters(page, team, alice, bob):
    at = timezone.make_aware(datetime(2026, 3, 10, 23, 30))
    wrote(team_id=team.pk, actor_id=alice.pk, action="endpoint.added", object_name="gpu-7", at=at)
    wrote(team_id=team.pk, actor_id=bob.pk, action="team.changed", via="token ci", address="192.0.2.9")
    wrote(team_id=team.pk, actor_id=777, action="incident.noted", object_name="gpu-8 (3)")

    def found(**asked: str) -> list[str]:
        answer = page.get("/teams/search/audit/", asked)
        return sorted(line.entry.action for line in answer.context["page"])

    assert len(found()) == 3
    assert found(who="ali") == ["endpoint.added"] and found(who="777") == ["incident.noted"]
    assert found(about="team") == ["team.changed"]
    assert found(about="nonsense") == found()
    assert found(text="gpu-") == ["endpoint.added", "incident.noted"]
    assert found(text="192.0.2") == found(text="TOKEN") == found(text="changed the") == ["team.changed"]
    assert found(since="2026-03-10", until="2026-03-10") == ["endpoint.added"]
    assert found(until="2026-03-09") == [] and "endpoint.added" not in found(since="2026-03-11")
    assert found(since="2026-02-31", until="soon") == found()
    assert found(until="9999-12-31") == found(since="0001-01-01") == found()
    assert page.get("/teams/search/audit/?page=99").status_code == 200


def test_the_first_day_there_is_breaks_no_page_east_of_greenwich(page, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    assert page.get("/teams/search/audit/?since=0001-01-01&until=0001-01-01").status_code == 200


def test_filters_stay_on_the_way_to_the_next_page_and_to_the_export(page, team, alice):
    for number in range(60):
        wrote(team_id=team.pk, actor_id=alice.pk, action="endpoint.added", object_name=f"gpu {number} & more")
    wrote(team_id=team.pk, actor_id=alice.pk, action="team.changed")
    shown = page.get("/teams/search/audit/?about=endpoint&text=%26+more").content.decode()
    assert "Page 1 of 2" in shown and "about=endpoint&amp;text=%26+more&amp;page=2" in shown
    path = re.search(r'href="([^"]+export\.csv[^"]+)"', shown)[1].replace("&amp;", "&")
    assert len(rows(page, path)) == 60


def test_a_cell_is_never_a_formula(page, team, alice):
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", 'a "quote", and a comma'):
        wrote(team_id=team.pk, actor_id=alice.pk, object_name=name)
    names = [row["name"] for row in rows(page, "/teams/search/audit/export.csv")]
    assert names == ['a "quote", and a comma', "'\t=1", "'@SUM(A1)", "'-1", "'+1", "'=1+1"]
    assert page.get("/teams/search/audit/export.csv")["Content-Disposition"].startswith("attachment; filename=")


def test_json_has_the_same_entries_with_their_details(page, team, alice):
    audit.record("team.changed", team=team, what=team, actor=alice, detail={"changed": ["name"]})
    found = json.loads(exported(page, "/teams/search/audit/export.json"))
    assert [each["action"] for each in found] == ["audit.exported", "team.changed"]
    assert found[1]["detail"] == {"changed": ["name"]} and found[1]["who"] == "alice"
    assert datetime.fromisoformat(found[1]["at"]) > datetime.now(UTC) - timedelta(minutes=1)
    assert json.loads(exported(page, "/teams/search/audit/export.json?about=backup")) == []


def test_ten_thousand_entries_cost_as_many_queries_as_ten(page, team, alice, bob):
    gpu = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")

    def many(number: int) -> None:
        same = {"team_id": team.pk, "action": "endpoint.changed", "object_id": gpu.pk, "object_name": "gpu-1"}
        entries = [AuditEntry(actor_id=[alice.pk, bob.pk, 999][each % 3], **same) for each in range(number)]
        models.QuerySet(AuditEntry).bulk_create(entries, batch_size=1000)

    def cost(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert page.get(path).status_code == 200
        return len(queries)

    many(10)
    few = cost("/teams/search/audit/")
    many(10_000)
    assert cost("/teams/search/audit/") == cost("/teams/search/audit/?page=150") == few <= 14
    found = rows(page, "/teams/search/audit/export.csv")
    assert len(found) == 10_011 and len({row["at"] for row in found}) > 1


def test_an_empty_trail_and_one_without_hits_say_what_to_do(page, team):
    assert "Nothing was done so far" in html(page, "/teams/search/audit/")
    assert "Nothing fits these filters" in html(page, "/teams/search/audit/?text=zebra")
