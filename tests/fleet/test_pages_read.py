"""The pages one reads: an endpoint with its history, models, incidents and alerts."""

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from fleet import endpoints
from fleet.alerts import delivery
from fleet.alerts.gathering import gather
from fleet.display.time_span import DAY, HOUR, up_to
from fleet.engines.errors import Cause
from fleet.engines.reading import Backend, Exchange, Facts, Failure, Identity, Load, Model, Reading
from fleet.incidents import actions
from fleet.models import Endpoint, EndpointState, Incident, Message, Observation
from fleet.queries.models import GROUPS_SHOWN, listing
from fleet.queries.series import history
from teams.models import Team
from tests.fleet.alerts.outbox import note
from tests.fleet.outages import settle
from tests.fleet.recording import record, state_of
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.database]

HTMX = {"HX-Request": "true"}
VLLM = Identity("vllm", "GET /metrics has vllm: lines.")
GOOD = (
    Exchange("health", "GET /health", 200, 2, 0.4, 1.1, None, 3.0, 4.5),
    Exchange("load", "GET /metrics", 200, 9, total_ms=7.0),
)
REFUSED = Failure(Cause.CONNECTION_REFUSED, "connect", "The connection was refused.")


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def text(response) -> str:
    return flat(response.content.decode())


def well(gpu: Endpoint, *models: Model, at: float = 0, **load) -> None:
    surfaces = {"chat": "yes", "responses": "stateless", "embeddings": "no"}
    facts = Facts(version="0.33.0", models=models, api=surfaces)
    record(state_of(gpu.pk), Reading(at or time.time(), VLLM, facts, Load(**load), GOOD), 0.0)


def test_a_gateway_is_shown_as_one_with_what_is_behind_it(page, gpu):
    behind = (Backend("http://gpu-1:8001", True, 3), Backend("http://gpu-2:8001", False, 0))
    identity = Identity("vllm_router", "GET /readiness counts workers.")
    record(state_of(gpu.pk), Reading(time.time(), identity, Facts(behind=behind), Load(running=3), GOOD), 0.0)
    shown = text(page.get(gpu.get_absolute_url()))
    assert "vLLM router" in shown and "a gateway" in shown
    assert "http://gpu-1:8001" in shown and "healthy, 3 running" in shown
    assert "http://gpu-2:8001" in shown and "gone" in shown


def test_a_server_without_an_engine_of_its_own_is_shown_by_its_name(page, gpu):
    identity = Identity("openai_compatible", "GET /v1/models lists models.", strong=False)
    record(state_of(gpu.pk), Reading(time.time(), identity, Facts(product="Lemonade"), Load(), GOOD), 0.0)
    assert "OpenAI-compatible (Lemonade)" in text(page.get(gpu.get_absolute_url()))


def refused(gpu: Endpoint, times: int = 1) -> None:
    exchange = Exchange("connect", "GET /health", total_ms=0.3, error="connection_refused")
    for _ in range(times):
        record(state_of(gpu.pk), Reading(time.time(), exchanges=(exchange,), failure=REFUSED), 0.0)


def shown(page, gpu: Endpoint) -> str:
    return text(page.get(gpu.get_absolute_url()))


def test_a_new_endpoint_says_that_the_first_probe_is_on_its_way(page, gpu):
    assert "The first probe is on its way" in shown(page, gpu)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("expires_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1999-12-31T23:59:59+14:00"])
def test_a_model_that_never_expires_breaks_no_page(page, gpu, settings, zone, expires_at):
    settings.TIME_ZONE = zone
    well(gpu, Model("qwen3:8b", loaded=True, expires_at=expires_at))
    assert "qwen3:8b" in shown(page, gpu) and "qwen3:8b" in text(page.get("/models/"))


def test_a_good_probe_fills_the_page(page, gpu):
    lora = Model("sql-lora", parent="qwen3-8b", loaded=True)
    well(
        gpu,
        Model("qwen3-8b", context_length=40960, capabilities=("completion",), loaded=True),
        lora,
        running=3,
        waiting=0,
    )
    html = shown(page, gpu)
    for part in ("vLLM 0.33.0", "GET /metrics has vllm: lines.", "vllm:num_requests_running", "40\u202f960",
                 "LoRA on qwen3-8b", "keeps no state", "not known", "http://gpu-1:8000/v1/chat/completions",
                 "4.5 ms"):  # fmt: skip
        assert part in html
    assert "sk-" not in html


def test_a_stored_key_is_never_on_the_page(page, team):
    gpu = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", api_key="sk-very-secret")
    well(gpu, Model("m"))
    assert "sk-very-secret" not in shown(page, gpu) and "$API_KEY" in shown(page, gpu)


def test_an_outage_shows_cause_advice_and_the_broken_step(page, gpu):
    well(gpu, Model("m"))
    refused(gpu, 3)
    html = shown(page, gpu)
    assert "nothing listens on that port" in html and "Start the server" in html and "failed" in html
    assert html.count("not reached") == 4


def test_a_single_failure_is_reported_as_not_believed_yet(page, gpu):
    well(gpu, Model("m"))
    refused(gpu)
    assert "The last probe found: connection refused. It counts after 3 in a row." in shown(page, gpu)


def test_waiting_requests_break_no_step(page, gpu):
    well(gpu, Model("m"), running=4, waiting=2)
    html = shown(page, gpu)
    assert "requests wait for their turn" in html and "rung-failed" not in html and "It counts after" not in html


def test_hostile_names_are_shown_as_text(page, gpu):
    well(gpu, Model('<script>alert("x")</script>', loaded=True))
    assert "<script>alert" not in shown(page, gpu)


def test_the_live_part_answers_204_until_the_endpoint_is_probed_again(page, gpu):
    well(gpu, Model("m"), at=time.time() - 60)
    html = shown(page, gpu)
    sent = dict(re.findall(r'name="(cursor|face)" value="([^"]*)"', html))
    url = f"{gpu.get_absolute_url()}now/"
    assert page.get(url, sent, headers=HTMX).status_code == 204
    well(gpu, Model("m"), running=9)
    moved = page.get(url, sent, headers=HTMX)
    assert moved.status_code == 200 and "<html" not in text(moved) and 'id="now"' in text(moved)


def test_a_range_is_a_link_and_htmx_gets_the_charts_alone(page, gpu):
    url = gpu.get_absolute_url() + "?range=7d"
    assert "No figures in the last 7 d" in text(page.get(url))
    alone = text(page.get(url, headers={**HTMX, "HX-Target": "charts"}))
    assert alone.lstrip().startswith('<section class="section" id="charts"')


def test_an_unknown_range_is_the_hour(page, gpu):
    assert "No figures in the last 1 h" in text(page.get(gpu.get_absolute_url() + "?range=99y"))


def observe(gpu: Endpoint, ago: float, now: float, **fields) -> None:
    at = datetime.fromtimestamp(now - ago, UTC)
    Observation.objects.create(endpoint=gpu, at=at, **{"status": "up", "latency_ms": 10.0, **fields})


def test_history_joins_probes_into_buckets_with_mean_and_extremes(gpu):
    now = 1_800_000_000.0  # the first second of a bucket of every range
    for ago, latency in ((360, 10), (300, 20), (200, 60)):
        observe(gpu, ago, now, latency_ms=latency, status="down" if ago == 300 else "up")
    latency = history(gpu, up_to(DAY, now), now).charts[0]
    assert latency.lines[0].values.strip(",") == "30/10/60"
    assert [s.status for s in history(gpu, up_to(DAY, now), now).band] == ["down"]


def test_history_leaves_out_other_endpoints_and_older_times(gpu, team):
    now = 1_800_000_000.0
    observe(endpoints.add(team, name="other", url="http://other"), 10, now)
    observe(gpu, 3700, now)
    assert history(gpu, up_to(HOUR, now), now).charts[0].empty


def test_a_failed_probe_is_a_gap_not_a_zero(gpu):
    now = 1_800_000_000.0
    for ago in range(0, 3600, 15):
        out = 1000 < ago < 2000
        observe(
            gpu, ago, now, latency_ms=None if out else 10.0, status="down" if out else "up", running=None if out else 2
        )
    latency, requests = history(gpu, up_to(HOUR, now), now).charts
    assert latency.lines[0].line.count("M") == 2 and requests.lines[0].line.count("M") == 2
    assert [s.status for s in history(gpu, up_to(HOUR, now), now).band] == ["up", "down", "up"]


def test_the_share_of_time_at_work_is_shown_where_no_queue_is_reported(gpu):
    now = 1_800_000_000.0
    for ago, busy in ((300, True), (200, True), (100, False), (30, None)):
        observe(gpu, ago, now, busy=busy)
    work = history(gpu, up_to(DAY, now), now).charts[1]
    assert (work.title, work.y_ticks[0]) == ("At work", "100 %")
    assert "highest 66.7 %" in work.summary


def facts(endpoint: Endpoint, names: list[dict]) -> None:
    EndpointState.objects.filter(endpoint=endpoint).update(facts={"models": names}, engine="ollama", status="up")


def test_who_serves_a_model_is_found_whatever_its_case_and_default_tag(page, gpu, team):
    other = endpoints.add(team, name="box", url="http://box:11434")
    facts(gpu, [{"name": "Qwen3:latest", "loaded": True}])
    facts(other, [{"name": "qwen3"}, {"name": "gemma3:12b", "remote_host": "https://ollama.com"}])
    html = text(page.get("/models/?q=QWEN3"))
    assert "2 endpoints, loaded on 1" in html and "gemma3" not in html
    assert "remote" in text(page.get("/models/?q=gemma3"))


def test_what_a_server_had_loaded_before_it_went_down_is_said_to_be_of_then(page, gpu, team):
    other = endpoints.add(team, name="box", url="http://box:11434")
    facts(gpu, [{"name": "qwen3", "loaded": True}])
    facts(other, [{"name": "qwen3", "loaded": True}])
    EndpointState.objects.filter(endpoint=other).update(status="down")
    html = text(page.get("/models/"))
    assert "2 endpoints, loaded on 1, 1 working" in html and html.count("last seen loaded") == 1


def test_models_can_be_narrowed_to_a_capability(gpu):
    facts(gpu, [{"name": "a", "capabilities": ["vision"]}, {"name": "b", "capabilities": ["tools"]}])
    found = listing(User(), capability="vision")
    assert [g.name for g in found.groups] == ["a"] and found.capabilities == ["tools", "vision"]


def test_fifty_thousand_models_are_cut_with_a_sentence(page, gpu):
    facts(gpu, [{"name": f"model-{i}"} for i in range(50_000)])
    html = text(page.get("/models/"))
    assert f"Only the first {GROUPS_SHOWN} are shown" in html and html.count('class="group"') == GROUPS_SHOWN
    assert "model-49999" in text(page.get("/models/?q=model-49999"))
    assert "49\u202f800 more are not shown" in shown(page, gpu)


def test_without_models_the_page_says_how_to_get_some(page, team):
    assert "Models are learned from the endpoints" in text(page.get("/models/"))


def sweep() -> None:
    """What was written goes into messages now."""
    settle()
    delivery.deliver()


def test_an_incident_shows_its_story_and_its_alerts(page, gpu):
    well(gpu, Model("qwen3-8b"), at=time.time() - 30)
    refused(gpu, 3)
    sweep()
    incident = gpu.incidents.get()
    html = text(page.get(incident.get_absolute_url()))
    for part in ("gpu-1 is down", "nothing listens on that port", "First failed probe", "vLLM 0.33.0, qwen3-8b",
                 "oncall@example.org", "not sent: no mail server is set"):  # fmt: skip
        assert part in html
    assert page.get("/incidents/999999/").status_code == 404


def test_an_incident_says_what_is_wrong_now_and_its_timeline_how_the_cause_moved(page, gpu, team):
    well(endpoints.add(team, name="box", url="http://box:11434"), Model("m"))
    refused(gpu, 3)
    hang = Failure(Cause.TIMED_OUT, "health", "No answer within 5 s (waiting for the answer).")
    record(state_of(gpu.pk), Reading(time.time(), failure=hang), 0.0)
    incident = gpu.incidents.get()
    html = text(page.get(incident.get_absolute_url()))
    now, timeline = html.split("Timeline")
    assert "did not answer in time" in now and "nothing listens" not in now and "Failing step</dt><dd>health" in now
    assert timeline.index("nothing listens") < timeline.index("Now down. It did not answer in time")
    assert "1 of 1 other endpoint of Search is up" in now
    assert "no answer in time" in text(page.get("/incidents/"))
    well(gpu, Model("m"))
    well(gpu, Model("m"))
    assert "It was: connection refused." in text(page.get(incident.get_absolute_url()))


def test_open_incidents_come_first_and_filters_narrow_the_list(page, gpu, team):
    box = endpoints.add(team, name="box", url="http://box:11434")
    refused(gpu, 3)
    refused(box, 3)
    well(box, Model("m"))
    well(box, Model("m"))
    html = text(page.get("/incidents/"))
    assert html.index(">gpu-1 <") < html.index(">box <") and " so far" in html
    assert '">box <span class="nowrap">#' in html and "resolved<br>" in html and "was down" in html
    assert ">box <" not in text(page.get("/incidents/?state=open"))
    assert "gpu-1" not in text(page.get("/incidents/?state=resolved"))
    assert "No incident fits" in text(page.get("/incidents/?status=degraded"))
    assert "No incident fits" in text(page.get("/incidents/?team=nobody"))


def test_incidents_are_found_by_name_and_by_what_nobody_acknowledged(page, gpu, team):
    box = endpoints.add(team, name="box", url="http://box:11434", tags=["prod"])
    refused(gpu, 3)
    refused(box, 3)
    actions.acknowledge(gpu.incidents.get(), "alice")
    assert ">gpu-1 <" not in text(page.get("/incidents/?state=unacknowledged"))
    assert ">box <" in text(page.get("/incidents/?state=unacknowledged"))
    for part in ("BO", "prod"):
        html = text(page.get(f"/incidents/?q={part}"))
        assert ">box <" in html and ">gpu-1 <" not in html


def test_who_acknowledged_an_incident_stays_in_the_list_once_it_is_resolved(page, gpu, team):
    refused(endpoints.add(team, name="box", url="http://box:11434"), 3)
    refused(gpu, 3)
    incident = gpu.incidents.get()
    actions.acknowledge(incident, "oncall@example.org")
    for _ in ("open", "resolved"):
        html = text(page.get("/incidents/?state=acknowledged"))
        assert "acknowledged by oncall@example.org, from a mail" in html and ">gpu-1 <" in html and ">box <" not in html
        well(gpu, Model("m"))
        well(gpu, Model("m"))
    html = text(page.get(incident.get_absolute_url()))
    assert "Acknowledged</dt><dd>by oncall@example.org, from a mail," in html and "The acknowledgement by" not in html


def test_incidents_are_a_table_too_with_the_filters_of_the_page(page, gpu, team):
    named = endpoints.add(team, name="=1+1", url="http://box:11434")
    refused(gpu, 3)
    refused(named, 3)
    well(gpu, Model("m"))
    well(gpu, Model("m"))
    shown = page.get("/incidents/?team=search").content.decode()
    assert shown.index("</table>") < shown.index('href="?team=search&amp;format=csv"')
    assert 'aria-expanded="true" aria-controls="incident-filters"' in shown, "what narrows the list is in sight"
    answer = page.get("/incidents/?format=csv&team=search")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(row["endpoint"], row["team"], row["first cause"]) for row in rows] == [
        ("'=1+1", "Search", "connection refused"), ("gpu-1", "Search", "connection refused")
    ]  # fmt: skip
    assert [bool(row["resolved (UTC)"]) for row in rows] == [False, True]
    assert len(page.get("/incidents/?format=csv&state=resolved").content.decode().splitlines()) == 2


def test_open_incidents_of_ones_own_teams_come_before_those_of_others(page, gpu, team, charlie):
    refused(gpu, 3)
    theirs = Team.objects.create(name="Others", slug="others")
    refused(endpoints.add(theirs, name="box", url="http://box:11434"), 3)
    html = text(page.get("/incidents/"))
    assert html.index(">gpu-1 <") < html.index(">box <")


def test_the_list_shows_who_is_on_it_and_what_caused_it(page, gpu, team):
    box = endpoints.add(team, name="box", url="http://box:11434", depends_on=gpu)
    refused(gpu, 3)
    refused(box, 3)
    Incident.objects.filter(endpoint=gpu).update(acknowledged_by="bob", acknowledged_at=datetime.now(UTC))
    html = text(page.get("/incidents/"))
    assert "acknowledged by bob" in html and 'caused by <a href="/incidents/' in html


def test_an_endpoint_in_trouble_leads_to_its_incident(page, gpu):
    assert "Open the incident" not in text(page.get(gpu.get_absolute_url()))
    refused(gpu, 3)
    link = f'href="{Incident.objects.get().get_absolute_url()}">Open the incident</a>'
    assert link in text(page.get(gpu.get_absolute_url()))


def test_before_anything_broke_the_pages_say_what_will_be_there(page):
    assert "Nothing has broken so far" in text(page.get("/incidents/"))
    assert "No alert so far" in text(page.get("/alerts/"))


def test_an_alert_that_could_not_be_sent_is_marked_and_can_be_read(page, gpu):
    refused(gpu, 3)
    assert "About to be sent (1)" in text(page.get("/alerts/"))
    sweep()
    html = text(page.get("/alerts/"))
    assert "/acknowledge/" not in html and "/unsubscribe/" not in html, "these are for the recipient alone"
    assert "No mail server is set" in html and "not sent: no mail server is set" in html
    assert "DOWN  gpu-1 (Search)" in html and "gpu-1 is down" in html


def test_retries_and_giving_up_are_reported(page, gpu, settings):
    settings.EMAIL_CONFIGURED = True
    refused(gpu, 3)
    settle()
    gather()
    later = datetime.now(UTC) + timedelta(minutes=4)
    Message.objects.update(attempts=2, next_try_at=later, error="451 try later")
    html = text(page.get("/alerts/"))
    assert "2 attempts so far, next at" in html and "451 try later" in html and "No mail server is set, so" not in html
    Message.objects.update(state=Message.State.GIVEN_UP)
    assert "given up</span> after 2 attempts" in text(page.get("/alerts/?state=given_up"))
    assert "No alert fits" in text(page.get("/alerts/?state=sent"))


def test_alerts_can_be_narrowed_to_a_team(page, team):
    other = Team.objects.create(name="Platform", slug="platform")
    for owner in (team, other):
        for state in ("sent", "given_up"):
            note(owner, f"{state}-{owner.slug}@example.org", state=state)
    html = text(page.get("/alerts/?team=platform"))
    assert all(f"{state}-platform@" in html and f"{state}-search@" not in html for state in ("sent", "given_up"))
    assert '<option value="platform" selected>' in html
    assert "sent-search@" not in text(page.get("/alerts/?team=platform&state=sent"))
    assert "No alert fits" in text(page.get("/alerts/?team=nobody"))


def test_long_lists_are_paged(page, gpu, monkeypatch):
    monkeypatch.setattr("fleet.queries.alerts.PER_PAGE", 1)
    refused(gpu, 3)
    sweep()
    well(gpu, Model("m"))
    well(gpu, Model("m"))
    sweep()
    first = text(page.get("/alerts/?state=no_server"))
    assert "UP  gpu-1" in first and "DOWN  gpu-1" not in first
    assert 'href="?state=no_server&amp;page=2"' in first
    assert "DOWN  gpu-1" in text(page.get("/alerts/?state=no_server&page=2"))


def test_the_pages_cost_a_fixed_number_of_statements(page, gpu, django_assert_max_num_queries):
    for i in range(20):
        well(gpu, Model("m"), at=time.time() - 100 + i)
    with django_assert_max_num_queries(24):  # with its load verdict, decisions, charts and what is in force
        page.get(gpu.get_absolute_url())
    with django_assert_max_num_queries(7):
        page.get("/models/")


@pytest.mark.parametrize(
    "path", ["/incidents/?state=resolved", "/incidents/?status=down", "/alerts/?state=given_up", "/?status=down"]
)
def test_a_list_shows_what_it_is_narrowed_to(page, gpu, path):
    name, _, value = path.partition("?")[2].partition("=")
    html = page.get(path).content.decode()
    select = html.partition(f'name="{name}"')[2].partition("</select>")[0]
    assert f'<option value="{value}" selected>' in select and select.count("selected") == 1


def test_incidents_can_be_narrowed_to_a_team(page, gpu, team):
    assert (
        f'<option value="{team.slug}" selected>{team}</option>'
        in page.get(f"/incidents/?team={team.slug}").content.decode()
    )
