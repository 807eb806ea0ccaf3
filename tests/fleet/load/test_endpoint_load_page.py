"""An endpoint's load as a page: the verdict, what it rests on, its hours, and what changes did."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet.evidence.verdict import State
from fleet.load import settings
from fleet.models import Change, Endpoint, EndpointLoad, LoadVerdict, TeamLoad
from tests.fleet.evidence.weeks import canaries
from tests.fleet.load.weeks import SHAPES, before, judged, kept, words
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

NOW = int(time.time())


@pytest.fixture
def page(client, alice):
    """A signed-in Alice's browser."""
    client.force_login(alice)
    return client


def with_load(team, shape: str, weeks: int = 1, name: str = "gpu-1") -> Endpoint:
    """An endpoint of this engine with such hours, judged now."""
    engine, hour = SHAPES[shape]
    endpoint = watched(team, name, engine=engine)
    kept(endpoint, before(NOW, hour, "qwen3:8b" if engine == "ollama" else "", weeks))
    judged(NOW, endpoint)
    return endpoint


def text(page, path: str) -> str:
    return words(page.get(path))


def test_a_verdict_stands_there_with_what_it_rests_on_and_what_to_try(page, team):
    shown = text(page, f"/endpoints/{with_load(team, 'full cache', weeks=2).pk}/load/")
    assert "saturated: KV cache" in shown and "Confirmed in two windows, confidence high" in shown
    assert "Probes with requests waiting that found the KV cache full speaks for it 100 % 50 % proven" in shown
    assert "--max-model-len" in shown and "Costs: Longer prompts are refused." in shown
    assert "Collected since" in shown and "No request was preempted." in shown


def test_the_endpoints_page_has_the_verdict_its_signals_and_the_way_there(page, team):
    endpoint = with_load(team, "saturated")
    shown = text(page, f"/endpoints/{endpoint.pk}/")
    assert "saturated: sequence cap" in shown and "likely, confidence high" in shown
    assert "95th percentile of the time in the queue: 1 to 2.5 s (threshold 1 s)" in shown
    assert f"/endpoints/{endpoint.pk}/load/" in page.get(f"/endpoints/{endpoint.pk}/").content.decode()


def test_without_canaries_the_waits_are_not_known_and_never_0_per_cent(page, team):
    endpoint = watched(team, "gpu-1", engine="ollama")
    kept(endpoint, before(NOW, lambda _: {"probes": 240}, "m"))
    judged(NOW, endpoint)
    shown = text(page, f"/endpoints/{endpoint.pk}/load/")
    assert "Requests that waited for a slot not known 5 % ours 0" in shown
    assert "speaks for it" not in shown and " 0 % " not in shown
    assert "Requests that waited for a slot" not in text(page, f"/endpoints/{endpoint.pk}/")


def test_too_little_says_what_is_missing_and_when_there_will_be_enough(page, team):
    endpoint = watched(team, "gpu-1", engine="ollama")
    EndpointLoad.objects.create(endpoint=endpoint, measures_waits=True)
    kept(endpoint, [row for row in before(NOW, canaries(waiting=0), "m") if row.start > NOW - 86_400])
    judged(NOW, endpoint)
    shown = text(page, f"/endpoints/{endpoint.pk}/load/")
    assert "not enough evidence" in shown and "of at least 3 days" in shown


def test_the_target_is_the_endpoints_own_or_else_the_teams(page, team):
    endpoint = with_load(team, "spare")
    assert "No service target is set." in text(page, f"/endpoints/{endpoint.pk}/load/")
    TeamLoad.objects.create(team=team, first_token=2.5, share=98)
    assert "for 98 % of the requests: first token 2.5 s." in text(page, f"/endpoints/{endpoint.pk}/load/")
    EndpointLoad.objects.create(endpoint=endpoint, whole=20)
    assert "for 98 % of the requests: whole answer 20 s." in text(page, f"/endpoints/{endpoint.pk}/load/")


def test_before_the_first_judgement_it_says_when_there_will_be_one(page, team):
    endpoint = watched(team, "gpu-1")
    assert "not judged yet" in text(page, f"/endpoints/{endpoint.pk}/load/")
    assert "Not judged yet" in text(page, f"/endpoints/{endpoint.pk}/")


def test_each_hour_of_the_chart_leads_to_its_counts(page, team):
    endpoint = with_load(team, "saturated")
    path = f"/endpoints/{endpoint.pk}/load/"
    links = re.findall(r'href="([^"]*\?hour=\d+)#hour"', page.get(path).content.decode())
    assert len(links) > 160
    busy = next(row.start for row in before(NOW, SHAPES["saturated"][1]) if row.counts.get("at_work"))
    shown = text(page, f"{path}?hour={busy}")
    assert "with at least one under way 240" in shown and "probes by requests under way 13 to 16: 240" in shown
    assert "requests by time in the queue 1 to 2.5 s: 600" in shown


@pytest.mark.parametrize("hour", ["1", "x", "9" * 50, "-3", "٣"])
def test_an_hour_that_is_not_there_is_no_error(page, team, hour):
    assert page.get(f"/endpoints/{with_load(team, 'spare').pk}/load/?hour={hour}").status_code == 200


def test_each_model_has_its_verdict(page, team):
    endpoint = watched(team, "gpu-1", engine="ollama")
    kept(endpoint, before(NOW, canaries(waiting=5), "qwen3:8b") + before(NOW, canaries(waiting=0), "gemma3:12b"))
    judged(NOW, endpoint)
    shown = text(page, f"/endpoints/{endpoint.pk}/load/")
    assert "gpu-1: tune first: slots" in shown and "Judged by its model qwen3:8b" in shown
    assert "gemma3:12b: fine" in shown


def test_figures_stand_side_by_side_at_a_change(page, team):
    endpoint = watched(team, "gpu-1", engine="ollama")
    middle = NOW - 5 * 86_400
    rows = before(NOW, canaries(waiting=5), "m"), before(NOW, canaries(waiting=0), "m", weeks=2)
    kept(endpoint, [row for row in rows[0] if row.start >= middle] + [row for row in rows[1] if row.start < middle])
    at = datetime.fromtimestamp(middle, UTC)
    Change.objects.create(endpoint=endpoint, at=at, kind="version", before="0.9.3", after="0.33.0")
    EndpointLoad.objects.create(endpoint=endpoint, slots=2, slots_since=at + timedelta(days=1))
    judged(NOW, endpoint)
    shown = text(page, f"/endpoints/{endpoint.pk}/load/")
    assert "Version 0.9.3 became 0.33.0" in shown and "OLLAMA_NUM_PARALLEL=2, as stated by the team" in shown
    assert "(5 d on each side)" in shown and "(4 d on each side)" in shown
    assert re.search(r"Requests that waited for a slot 0 % [\d\u202f]+ samples 42 % ", shown)


def test_a_change_with_too_few_hours_says_so(page, team):
    endpoint = with_load(team, "waiting")
    Change.objects.create(endpoint=endpoint, at=datetime.now(UTC), kind="version", before="1", after="2")
    assert "not enough hours on both sides" in text(page, f"/endpoints/{endpoint.pk}/load/")


def test_earlier_verdicts_stay_with_their_times(page, team):
    endpoint = with_load(team, "saturated")
    LoadVerdict.objects.update(since=datetime.now(UTC) - timedelta(days=2))
    settings.save_team(TeamLoad(team=team, thresholds={"saturated_quarters": 500}))
    judged(NOW, endpoint)
    assert [each.state for each in endpoint.load_verdicts.all()] == [State.FINE, State.SATURATED]
    history = text(page, f"/endpoints/{endpoint.pk}/load/").partition("Verdicts so far")[2]
    assert "to now fine" in history and "saturated: sequence cap likely" in history


def test_a_stored_verdict_that_cannot_be_read_costs_its_signals_alone(page, team):
    endpoint = with_load(team, "saturated")
    LoadVerdict.objects.update(verdicts=[{"state": "odd"}])
    assert "saturated: sequence cap" in text(page, f"/endpoints/{endpoint.pk}/load/")
    assert page.get(f"/endpoints/{endpoint.pk}/").status_code == 200


def test_charlie_sees_nothing_of_it_where_the_fleet_is_not_open(client, charlie, team, settings):
    endpoint = with_load(team, "saturated")
    client.force_login(charlie)
    assert client.get(f"/endpoints/{endpoint.pk}/load/").status_code == 200
    settings.FLEET_OPEN = False
    assert client.get(f"/endpoints/{endpoint.pk}/load/").status_code == 404
    assert client.get(f"/endpoints/{endpoint.pk}/load/settings/").status_code == 404


def test_a_lighter_verdict_waits_for_a_day_and_the_page_says_so(page, team):
    endpoint = with_load(team, "saturated")
    LoadVerdict.objects.update(since=datetime.now(UTC) - timedelta(days=2))
    TeamLoad.objects.create(team=team, thresholds={"saturated_quarters": 500})
    judged(NOW + 3600, endpoint)
    assert [each.state for each in endpoint.load_verdicts.all()] == [State.SATURATED]
    assert "The last judgement says fine." in text(page, f"/endpoints/{endpoint.pk}/load/")
    judged(NOW + 86_400, endpoint)
    assert [each.state for each in endpoint.load_verdicts.all()] == [State.FINE, State.SATURATED]
    assert "The last judgement says" not in text(page, f"/endpoints/{endpoint.pk}/load/")


def test_on_ollama_the_page_says_why_no_load_line_is_learned(page, team):
    why = "No load line can be learned here: Ollama does not show how many call it at once."
    ollama, vllm = with_load(team, "waiting"), with_load(team, "saturated", name="gpu-2")
    assert why in text(page, f"/endpoints/{ollama.pk}/load/")
    assert "No load line is known yet." in text(page, f"/endpoints/{vllm.pk}/load/")
