"""A data folder of each earlier release is upgraded by `migrate`, and everything in it is read as before."""

import gzip
import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model, QuerySet
from django.test import Client

from advisor.models import Decision, Requirement
from fleet.models import Alert, AlertPolicy, Endpoint, Incident, Message
from teams.accounts.second_factor import SecondFactor
from teams.models import AuditEntry
from tests.databases import in_place_of_ours
from tests.fake_engine import FakeEngine
from tests.fleet import recording as record

pytestmark = pytest.mark.postgres

FOLDER = Path(__file__).parent
RELEASES = sorted(path.stem for path in FOLDER.glob("*.json"))
EMPTY = {
    *("account_emailconfirmation", "auth_group", "auth_group_permissions", "auth_user_groups"),
    *("auth_user_user_permissions", "django_session", "socialaccount_socialaccount", "socialaccount_socialapp"),
    *("socialaccount_socialtoken", "usersessions_usersession", "sqlite_sequence"),
}
"""Tables that a sample may have without rows."""


def count_rows(file: Path) -> dict[str, int]:
    """Table -> rows of a SQLite file."""
    with sqlite3.connect(file) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}


def fill_postgres(file: Path) -> None:
    """Gives an empty PostgreSQL database the schema of the release that made the SQLite file, and its rows."""
    connections.settings["sample"] = connections.settings["default"] | {
        "ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": {}
    }  # fmt: skip
    sample, executor = connections["sample"], MigrationExecutor(connection)
    applied = MigrationExecutor(sample).loader.applied_migrations.keys() & executor.loader.graph.nodes.keys()
    newest = {app: max(name for other, name in applied if other == app) for app, _ in applied}
    models = executor.migrate(list(newest.items())).apps.get_models(include_auto_created=True)
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are checked at its end
        for model in models:
            cursor.execute(f'TRUNCATE "{model._meta.db_table}" CASCADE')
        for model in models:
            rows = list(models_of(model).using("sample"))
            models_of(model).using("default").bulk_create(rows, batch_size=500)
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    sample.close()
    del connections["sample"], connections.settings["sample"]


def models_of(model: type[Model]) -> QuerySet:
    """All rows of a model of the migrations' history."""
    return QuerySet(model).order_by("pk")


@pytest.fixture(scope="module", params=RELEASES)
def upgraded(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """What the release's sample has besides its database, which is upgraded and in place of the tests' own."""
    file = tmp_path_factory.mktemp(request.param) / "plimsoll.sqlite3"
    file.write_bytes(gzip.decompress((FOLDER / f"{request.param}.sqlite3.gz").read_bytes()))
    known = SimpleNamespace(**json.loads((FOLDER / f"{request.param}.json").read_text()), rows=count_rows(file))
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "SECRET_KEY", known.SECRET_KEY)
        patch.setattr(settings, "FIELD_KEYS", [known.FIELD_KEYS])
        with in_place_of_ours(file):
            if connection.vendor == "postgresql":
                fill_postgres(file)
            call_command("migrate", interactive=False, verbosity=0)
            yield known


@pytest.fixture(autouse=True)
def sample(upgraded):
    """The sample, at a moment when its silences and tokens are in force."""
    with time_machine.travel(datetime.fromisoformat(upgraded.made_at) + timedelta(minutes=1), tick=True):
        yield upgraded


@pytest.fixture
def alice() -> Client:
    """The browser of Alice, who owns the team Search and administers the installation."""
    browser = Client()
    browser.force_login(User.objects.get(username="alice"))
    return browser


def text(answer) -> str:
    """The body of an answer, which must be a good one."""
    assert answer.status_code == 200, (answer.request["PATH_INFO"], answer.status_code)
    return answer.content.decode()


def test_the_sample_has_rows_of_every_kind(sample):
    assert {table for table, number in sample.rows.items() if not number} <= EMPTY


def test_no_row_is_lost(sample):
    with connection.cursor() as cursor:
        for table, before in sample.rows.items():
            if table.startswith(("sqlite_", "django_", "auth_permission")):
                continue
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            assert (table, cursor.fetchone()[0]) == (table, before)


def test_people_sign_in_with_their_passwords(sample, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    browser = Client(REMOTE_ADDR="127.0.0.1")
    answer = browser.post("/accounts/login/", {"login": "alice", "password": sample.password})
    assert answer.status_code == 302 and browser.get("/").status_code == 200


def test_every_secret_is_still_read(sample):
    keys = dict(Endpoint.objects.exclude(api_key="").values_list("name", "api_key"))
    assert keys == {"vllm": "sk-of-vllm", "lmstudio": "sk-of-lmstudio"}
    policy = AlertPolicy.objects.get(team__slug="search")
    assert policy.webhook_url == "http://127.0.0.1:26999/hook?key=hook-secret"
    assert policy.apprise_url == "json://127.0.0.1:26999/apprise" and policy.webhook_secret == sample.webhook_secret
    assert SecondFactor().decrypt(Authenticator.objects.get().data["secret"]) == "JBSWY3DPEHPK3PXP"


def test_the_board_and_every_endpoint_are_shown_as_they_were(alice):
    board = text(alice.get("/"))
    for endpoint in Endpoint.objects.all():
        assert endpoint.name in board
        assert endpoint.name in text(alice.get(endpoint.get_absolute_url()))
        assert endpoint.url in text(alice.get(f"/endpoints/{endpoint.pk}/edit/"))
    vllm = Endpoint.objects.get(name="vllm")
    assert "vLLM" in text(alice.get(vllm.get_absolute_url()))
    assert text(alice.get(f"{vllm.get_absolute_url()}?range=30d")).count("<svg") > 0
    assert "http://gpu" not in board
    for path in ("/models/", "/teams/search/availability/", "/teams/platform/availability/"):
        text(alice.get(path))


def test_incidents_are_open_acknowledged_and_resolved_as_they_were(alice):
    incidents = text(alice.get("/incidents/"))
    for incident in Incident.objects.select_related("endpoint"):
        page = text(alice.get(incident.get_absolute_url()))
        assert incident.endpoint.name in page and incident.endpoint.name in incidents
    taken = Incident.objects.with_acknowledged(datetime.now().astimezone()).get(endpoint__name="litellm")
    assert taken.acknowledged and taken.acknowledged_by == "bob"
    page = text(alice.get(taken.get_absolute_url()))
    assert "Replacing its disk." in page and "The spare part is here." in page
    assert Incident.objects.open().count() >= 5
    assert Incident.objects.get(endpoint__name="llamacpp").parent.endpoint.name == "litellm"
    assert Incident.objects.get(endpoint__name="tgi").announced == "recovered"


def test_alerts_messages_silences_and_windows_are_read(alice):
    alerts = text(alice.get("/alerts/"))
    assert "oncall@example.org" in alerts
    assert {"down", "degraded", "recovered", "test"} <= set(Alert.objects.values_list("kind", flat=True))
    assert Message.objects.filter(state="sent", alerts__kind="recovered").exists()
    assert "second@example.org" in text(alice.get("/teams/search/alerting/"))
    assert "It is being moved." in text(alice.get("/silences/"))
    maintenance = text(alice.get("/maintenance/"))
    assert "Patches once" in maintenance and "Patches weekly" in maintenance


def test_decisions_keep_their_advice_and_their_links(alice):
    for decision in Decision.objects.all():
        page, advice = text(alice.get(decision.get_absolute_url())), decision.recommendation
        assert decision.title in page and decision.title in text(alice.get(f"/decisions/{decision.pk}.md"))
        assert (advice["outcome"], advice["strength"]) == ("vllm", "clear")
        assert advice["lists"]["vllm"][0]["text"] in page.replace("&#x27;", "'")
        text(alice.get(f"/decisions/{decision.pk}/again/"))
    successor = Decision.objects.get(title="Serve with vLLM on two machines")
    assert successor.supersedes.status == "superseded" and successor.supersedes.superseded_by == successor
    assert set(successor.endpoints.values_list("name", flat=True)) == {"vllm", "sglang"}
    assert alice.get("/decisions/export.zip").status_code == 200
    wish = Requirement.objects.get()
    for suffix in ("/", ".md", ".json", "/edit/"):
        text(alice.get(f"/advisor/requirements/{wish.pk}{suffix}"))


def test_people_tokens_and_the_audit_trail_are_read(alice, sample):
    assert AuditEntry.objects.filter(action="incident.acknowledged", actor_id=None).exists()
    assert alice.get("/audit/export.csv").status_code == 200
    for path in ("/teams/search/", "/teams/search/audit/", "/teams/search/tokens/", "/audit/", "/people/"):
        text(alice.get(path))
    assert json.loads(alice.post("/account/data/export/").content)
    own, of_team = sample.tokens
    status = json.loads(text(Client().get("/api/v1/status", HTTP_AUTHORIZATION=f"Bearer {own}")))
    assert len(status["endpoints"]) == Endpoint.objects.count()
    assert "plimsoll_endpoints" in text(Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {of_team}"))


def test_links_in_mails_of_before_still_open(sample):
    for path in (sample.acknowledge, sample.unsubscribe, sample.invitation, sample.shared):
        text(Client().get(path))


def test_probes_go_on(sample, valkey):
    with FakeEngine("vllm") as engine:
        engine.api_key = "sk-of-vllm"
        vllm = Endpoint.objects.get(name="vllm")
        Endpoint.objects.filter(pk=vllm.pk).update(url=engine.url)
        before = vllm.observations.count()
        now = int(datetime.now().timestamp())
        record.run(vllm.pk, now, now + 5)
    assert vllm.observations.count() == before + 1
    assert vllm.state.status == "up"
    assert vllm.state.collected["counts"][""]["probes"] == 1, "load is collected from the first probe on"
