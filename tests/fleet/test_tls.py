"""Certificates that are believed: the usual ones, those of CA_BUNDLE, and any where a team wants it so."""

import os
import re
import ssl
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import certifi
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import certificates
from core.http import trust
from fleet import endpoints
from fleet.alerts.channels import NotTaken, apprise, webhook
from fleet.apps import FleetConfig
from fleet.endpoints import check
from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from fleet.models import Endpoint, EndpointState
from fleet.queries.board import Filters, board, changes
from fleet.queries.endpoint import now
from fleet.self_check import heartbeat
from fleet.verdict import causes
from fleet.verdict.status import Status
from tests.authority import Authority
from tests.fake_engine import FakeEngine
from tests.fleet import recording as record
from tests.fleet.engines.ask import ask_canary
from tests.hostile_server import HostileServer, answer
from tests.html import flat

FORM = {
    "interval": 30, "timeout": 5, "fail_after": 1, "recover_after": 1, "fail_of": 0, "fail_for": 0, "canary_every": 600
}  # fmt: skip
database = pytest.mark.django_db


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs"), "Another authority")


@pytest.fixture(autouse=True)
def no_bundle(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")  # so that it is as before when the test is over
    before = trust.configure("")
    yield
    trust.configure(before)


@contextmanager
def engine(tls: ssl.SSLContext):
    with FakeEngine("ollama", tls=tls) as playing:
        yield playing


def after_a_probe(endpoint: Endpoint) -> EndpointState:
    at = int(time.time())
    record.run(endpoint.pk, at, at + 60)
    return EndpointState.objects.get(pk=endpoint.pk)


def test_an_authority_of_ours_is_believed_once_the_bundle_has_it(ours):
    with engine(ours.tls()) as server:
        refused = probe(server.url)
        trust.configure(str(ours.file))
        believed = probe(server.url)
    assert refused.failure.cause is Cause.TLS_FAILED and "issuer that is not trusted" in refused.failure.detail
    assert believed.failure is None and believed.identity.engine == "ollama"


@pytest.mark.parametrize("days", [30, -1])
def test_another_authority_is_still_refused_and_so_is_what_has_expired(ours, theirs, days):
    trust.configure(str(ours.file))
    signs = theirs if days > 0 else ours
    with engine(signs.tls(days=days)) as server:
        failure = probe(server.url).failure
    assert failure.cause is Cause.TLS_FAILED
    assert ("not trusted" if days > 0 else "has expired") in failure.detail


@pytest.mark.parametrize(("names", "word"), [(("127.0.0.9",), "IP address"), (("gpu.example.org",), "")])
def test_a_certificate_for_another_name_is_refused_though_its_issuer_is_ours(ours, names, word):
    trust.configure(str(ours.file))
    with engine(ours.tls(names)) as server:
        failure = probe(server.url.replace("127.0.0.1", "127.0.0.1" if word else "localhost")).failure
    assert failure.cause is Cause.TLS_FAILED and f"another {word or 'host name'}" in failure.detail


def test_the_usual_authorities_are_believed_besides_the_bundle(ours):
    usual = {found["serialNumber"] for found in trust.context(True).get_ca_certs()}
    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    public.load_verify_locations(certifi.where())
    trust.configure(str(ours.file))
    with_ours = {found["serialNumber"] for found in trust.context(True).get_ca_certs()}
    assert {found["serialNumber"] for found in public.get_ca_certs()} <= usual < with_ours
    assert len(with_ours - usual) == 1


def test_a_renewed_bundle_is_read_again(ours, theirs, tmp_path):
    file = tmp_path / "bundle.pem"
    file.write_bytes(theirs.file.read_bytes())
    trust.configure(str(file))
    with engine(ours.tls()) as server:
        assert probe(server.url).failure is not None
        file.write_bytes(ours.file.read_bytes())
        later = file.stat().st_mtime + 1
        os.utime(file, (later, later))
        assert probe(server.url).failure is None


def test_the_setting_is_in_force_once_the_app_is_ready(settings, ours):
    settings.CA_BUNDLE = ours.file
    FleetConfig.create("fleet").ready()
    assert trust.bundle() == str(ours.file)


@pytest.mark.parametrize("verify", [True, False])
def test_a_canary_verifies_the_certificate_as_the_probe_does(ours, verify):
    with engine(ours.tls()) as server:
        reading = probe(server.url, verify=False)
        asked = ask_canary(server.url, "openai_compatible", reading.facts.models[0], reading, verify=verify)
    assert (asked.canary.failure is None) is not verify


@database
def test_an_endpoint_whose_certificate_is_not_verified_is_up_and_due_at_once(team, ours, valkey):
    with engine(ours.tls(("elsewhere.example.org",), days=-1)) as server:
        endpoint = endpoints.add(team, name="gpu-1", url=server.url, fail_after=1, recover_after=1)
        assert after_a_probe(endpoint).cause == Cause.TLS_FAILED
        later = {"due_at": int(time.time()) + 30, "certificate_until": datetime.now(UTC)}
        EndpointState.objects.filter(pk=endpoint.pk).update(**later)
        assert endpoints.change(endpoint, verify_tls=False) == ["verify_tls"]
        moved = EndpointState.objects.get(pk=endpoint.pk)
        assert (moved.due_at <= time.time(), moved.certificate_until) == (True, None)
        up = after_a_probe(endpoint)
    assert (up.status, up.engine) == (Status.UP, "ollama")
    assert up.certificate_until is None  # or it would be degraded by its end, of which nobody is to mind


def test_the_advice_names_both_ways():
    shown = causes.advice(Cause.TLS_FAILED)
    assert "CA_BUNDLE" in shown and "Do not verify its certificate" in shown


@database
def test_a_first_probe_and_the_form_can_do_without_verifying(client, alice, team, ours, valkey):
    client.force_login(alice)
    with engine(ours.tls()) as server:
        assert check.check(server.url, watched=Endpoint.objects.none()).finding.cause is Cause.TLS_FAILED
        typed = {**FORM, "url": server.url, "name": "gpu-1", "team": team.pk}
        seen = client.post("/endpoints/check/", typed, headers={"HX-Request": "true"}).content.decode()
        assert "No answer" in seen and "CA_BUNDLE" in seen
        seen = client.post("/endpoints/check/", {**typed, "unverified": "on"}, headers={"HX-Request": "true"})
        assert ">Ollama" in flat(seen.content.decode())
        client.post("/endpoints/add/", {**typed, "unverified": "on"})
    added = Endpoint.objects.get()
    assert added.verify_tls is False
    edit = client.get(f"/endpoints/{added.pk}/edit/").content.decode()
    assert re.search(r'<input type="checkbox" name="unverified"[^>]* checked', edit)
    client.post(f"/endpoints/{added.pk}/edit/", typed)
    added.refresh_from_db()
    assert added.verify_tls is True


@database
def test_the_mark_is_on_the_board_by_a_live_update_at_no_query_of_its_own(client, alice, team, valkey):
    client.force_login(alice)
    for n in range(3):
        endpoints.add(team, name=f"gpu-{n}", url=f"https://gpu-{n}:8000")
    with CaptureQueriesContext(connection) as before:
        seen = board(alice, Filters())
    for endpoint in Endpoint.objects.all():
        endpoints.change(endpoint, verify_tls=False)
    moved = changes(alice, Filters(), seen.totals.cursor)
    assert moved.redraw or len(moved.rows) == 3
    with CaptureQueriesContext(connection) as after:
        board(alice, Filters())
    assert len(after) == len(before)
    assert flat(client.get("/").content.decode()).count(">not verified<") == 3


@database
@pytest.mark.parametrize(("url", "marked"), [("https://gpu:8000", True), ("http://gpu:8000", False)])
def test_plain_http_has_no_certificate_to_mark(client, alice, team, valkey, url, marked):
    client.force_login(alice)
    endpoint = endpoints.add(team, name="gpu", url=url, verify_tls=False)
    out = StringIO()
    call_command("status", stdout=out)
    pages = [client.get(path).content.decode() for path in ("/", endpoint.get_absolute_url())]
    assert [text.count("not verified") > 0 for text in [*pages, out.getvalue()]] == [marked] * 3


@database
def test_an_open_endpoint_page_gets_the_words_by_its_live_update(client, alice, team, valkey):
    client.force_login(alice)
    endpoint = endpoints.add(team, name="gpu", url="https://gpu:8000")
    seen = now(endpoint)
    endpoints.change(endpoint, verify_tls=False)
    query = {"cursor": seen.cursor, "face": seen.face}
    shown = client.get(f"/endpoints/{endpoint.pk}/now/", query).content.decode()
    assert 'id="what" hx-swap-oob="true"' in shown and "certificate not verified" in shown


@database
def test_the_file_says_it_and_takes_it_back(tmp_path, team):
    file = tmp_path / "fleet.yaml"
    line = "teams:\n- slug: search\n  name: Search\n  endpoints:\n  - {name: gpu, url: 'https://gpu'%s}\n"
    for text, verified in ((", verify_tls: false", False), ("", True), (", verify_tls: True", True)):
        file.write_text(line % text)
        out = StringIO()
        call_command("apply", str(file), stdout=out)
        assert Endpoint.objects.get().verify_tls is verified
        if not text:
            assert "verify_tls: false -> true" in out.getvalue()


@database
def test_a_webhook_and_a_heartbeat_believe_the_bundle(team, ours, settings, caplog):
    with HostileServer(tls=ours.tls()) as server:
        server.on("/hook", answer(200, b"ok"))
        url = f"{server.url}/hook"
        with pytest.raises(NotTaken, match="issuer that is not trusted"):
            webhook._post(url, b"{}", {"Content-Length": "2"})
        assert heartbeat._fetch(url) is False
        assert server.requests == []
        trust.configure(str(ours.file))
        assert webhook._post(url, b"{}", {"Content-Length": "2"}) == (200, "")
        assert heartbeat._fetch(url) is True


def test_apprise_believes_the_bundle(ours, settings, tmp_path):
    settings.DATA = tmp_path
    with HostileServer(tls=ours.tls()) as server:
        server.on("/notify", answer(200, b"ok"))
        url = server.url.replace("https://", "jsons://") + "/notify"
        with pytest.raises(NotTaken):
            apprise.notify(apprise.opened(url), "title", "text")
        assert server.requests == []
        settings.CA_BUNDLE = ours.file
        apprise.notify(apprise.opened(url), "title", "text")
    assert len(server.requests) == 1


def test_requests_gets_nothing_without_a_bundle(settings, tmp_path):
    settings.DATA, settings.CA_BUNDLE = tmp_path, None
    assert certificates.for_requests() is True
    assert list(tmp_path.iterdir()) == []


def test_what_requests_believes_is_both_and_follows_the_bundle(ours, theirs, tmp_path):
    for authority in (ours, theirs):
        content = certificates.combined(authority.file, tmp_path / "both.pem").read_bytes()
        assert Path(certifi.where()).read_bytes() in content and authority.file.read_bytes() in content
    assert [file.name for file in tmp_path.iterdir()] == ["both.pem"]
