"""Load across the fleet: one picture, whom to help first, what changed, and the same for a meeting."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet.evidence.verdict import State
from fleet.models import Endpoint, EndpointState, LoadVerdict
from fleet.queries.fleet_load import fleet_load
from teams.models import Team
from tests.fleet.load.weeks import SHAPES, before, judged, kept, words
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

NOW = int(time.time())
THEN = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def page(client, alice):
    """A signed-in Alice's browser."""
    client.force_login(alice)
    return client


def verdict(team: Team, name: str, state: State = State.FINE, **figures) -> LoadVerdict:
    """An endpoint with such a current verdict."""
    endpoint = Endpoint.objects.create(team=team, name=name, url=f"http://{name}:8000")
    EndpointState.objects.create(endpoint=endpoint, engine="vllm", status="up", since=THEN, shown_at=THEN,
                                 regrouped_at=THEN)  # fmt: skip
    known = {"since": THEN, "judged_at": THEN, "confidence": "high", **figures}
    return LoadVerdict.objects.create(endpoint=endpoint, state=state, **known)


def test_the_heaviest_confirmed_and_oldest_come_first_with_what_to_try(page, team):
    engine, hour = SHAPES["full cache"]
    real = watched(team, "real", engine=engine)
    kept(real, before(NOW, hour, weeks=2))
    judged(NOW, real)
    verdict(team, "fine")
    verdict(team, "likely", State.OUTGROWN)
    verdict(team, "sure", State.OUTGROWN, confirmed=True)
    answer = page.get("/load/")
    found = [each.standing.endpoint for each in answer.context["load"].first]
    assert found == ["sure", "likely", "real"]
    shown = words(answer)
    assert (
        "3 endpoints to act on" in shown and "Shorter contexts leave room for more requests. --max-model-len" in shown
    )


def test_only_what_was_measured_is_drawn(page, team):
    verdict(team, "line", line=10, callers=5, at_work=90, in_time=99)
    verdict(team, "work", at_work=40, in_time=97)
    verdict(team, "flat", at_work=60)
    verdict(team, "waits", in_time=91)
    verdict(team, "nothing")
    answer = page.get("/load/")
    picture = re.search(r'<svg class="load-picture".*?</svg>', answer.content.decode(), re.S)[0]
    drawn = dict(re.findall(r'aria-label="(\w+): fine; ([^"]+)"', picture))
    assert drawn == {
        "line": "50 % of its load line; 99.0 % in time",
        "work": "40 % of the probes found it at work; 97.0 % in time",
        "flat": "60 % of the probes found it at work; no service target measured",
        "waits": "how loaded is not known; 91.0 % in time",
    }
    circles = re.findall(r'<circle class="(dot-\w+) [^"]*" cx="([\d.]+)" cy="([\d.]+)"', picture)
    (_, line, high), (_, work, _), (_, flat, low), (_, unknown, _) = [
        (kind, float(x), float(y)) for kind, x, y in reversed(circles)
    ]
    assert unknown < 150 < work < line < flat and low > 300 > high, "what has no target stands below the plot"
    assert [kind for kind, *_ in circles] == ["dot-work", "dot-work", "dot-work", "dot-line"]
    shown = words(answer)
    assert "2 without a service target" in shown and "1 without any such figure is not drawn" in shown


def test_without_any_target_the_picture_shows_load_alone(page, team):
    verdict(team, "flat", at_work=60)
    picture = re.search(r"<svg class=\"load-picture\".*?</svg>", page.get("/load/").content.decode(), re.S)[0]
    assert "in time</text>" not in picture and picture.count("<circle") == 1


def test_without_enough_evidence_nothing_is_said_to_need_no_action_and_no_chart_is_explained(page, team):
    verdict(team, "new", State.NOT_ENOUGH)
    shown = words(page.get("/load/"))
    assert "No load verdict yet" in shown and "probes of at least three days" in shown
    assert "No endpoint to act on" not in shown and "Upwards: requests in time" not in shown


def test_it_says_which_teams_load_is_too_much(page, team):
    other = Team.objects.create(name="Platform", slug="platform")
    verdict(team, "fine")
    verdict(other, "full", State.SATURATED)
    verdict(other, "new", State.NOT_ENOUGH)
    answer = page.get("/load/")
    assert "By team Team Endpoints Judged To act on Platform 2 1 1 Search 1 1 0" in words(answer)
    assert 'href="?team=platform"' in answer.content.decode()
    narrow = page.get("/load/?team=platform")
    assert "By team" not in words(narrow)
    assert page.get("/load/?team=platform&format=md").content.decode().startswith("# Load of Platform")


def test_of_very_many_the_heaviest_are_drawn_and_that_is_said(page, team, monkeypatch):
    monkeypatch.setattr("fleet.queries.fleet_load.DRAWN", 2)
    for name, state in (("a", State.FINE), ("b", State.OUTGROWN), ("c", State.TUNE_FIRST)):
        verdict(team, name, state, at_work=50)
    answer = page.get("/load/")
    picture = re.search(r"<svg class=\"load-picture\".*?</svg>", answer.content.decode(), re.S)[0]
    assert re.findall(r'aria-label="(\w): ', picture) == ["c", "b"]  # drawn last, so on top
    assert "only the 2 with the heaviest verdicts are drawn" in words(answer)


def test_a_change_of_verdict_stands_there_with_what_it_was(page, team):
    new = verdict(team, "gpu-1", State.SATURATED, limit="KV cache")
    old = {"since": THEN - timedelta(days=9), "until": THEN, "judged_at": THEN, "confidence": "high"}
    LoadVerdict.objects.create(endpoint=new.endpoint, state=State.FINE, **old)
    confirmed = verdict(team, "gpu-2", State.OVERKILL, confirmed=True)
    LoadVerdict.objects.create(endpoint=confirmed.endpoint, state=State.OVERKILL, **old)
    changed = words(page.get("/load/")).partition("Changed lately")[2].partition("All verdicts")[0]
    assert "gpu-1 Search: fine became saturated: KV cache" in changed and "gpu-2" not in changed


def test_it_can_be_narrowed_down_to_a_team_and_a_verdict(page, team):
    other = Team.objects.create(name="Platform", slug="platform")
    verdict(team, "ours", State.OUTGROWN)
    verdict(other, "theirs", State.OUTGROWN)
    verdict(team, "fine")
    assert [each.endpoint for each in page.get("/load/?team=platform").context["load"].shown] == ["theirs"]
    narrow = page.get("/load/?team=search&verdict=outgrown")
    assert [each.endpoint for each in narrow.context["load"].shown] == ["ours"]
    assert page.get("/load/?verdict=odd&team=nobody&page=x").status_code == 200


def test_charlie_sees_nothing_of_alices_team_where_the_fleet_is_not_open(client, charlie, team, settings):
    settings.FLEET_OPEN = False
    now = verdict(team, "ours", State.OUTGROWN)
    was = {"since": THEN - timedelta(days=9), "until": THEN, "judged_at": THEN, "confidence": "high"}
    LoadVerdict.objects.create(endpoint=now.endpoint, state=State.FINE, **was)
    client.force_login(charlie)
    for path in ("/load/", "/load/?team=search", "/load/?format=md", "/load/?format=json"):
        answer = client.get(path).content.decode().rpartition("<main")[2].partition("</main>")[0]
        assert "ours" not in answer and "Search" not in answer.replace("Searching", "")


def test_the_json_has_every_figure_and_null_for_what_is_not_known(page, team):
    verdict(team, "gpu-1", State.SATURATED, limit="KV cache", line=10, callers=12, in_time=88.5)
    verdict(team, "gpu-2")
    found = json.loads(page.get("/load/?format=json").content)
    first, second = found["endpoints"]
    assert (first["state"], first["limit"], first["share_of_line"], first["in_time"]) == (
        "saturated",
        "KV cache",
        120,
        88.5,
    )
    assert second["line"] is second["at_work"] is second["share_of_line"] is None
    assert first["url"].endswith(f"/endpoints/{first['endpoint_id']}/load/")


def test_the_markdown_is_a_page_for_a_meeting_and_names_cannot_break_it(page, team):
    verdict(team, "gpu|1 [x](y)", State.OUTGROWN, confirmed=True)
    verdict(team, "gpu-2", line=8, callers=3, at_work=50.4)
    answer = page.get("/load/?format=md")
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/markdown")
    assert "- 1 outgrown" in text and "## To act on first" in text
    assert "| gpu\\|1 \\[x\\](y) | Search | vLLM | outgrown | confirmed, confidence high |" in text
    assert "| 3 of 8 | 50 % | not known |" in text


def test_a_paused_endpoint_is_left_out_and_one_without_a_verdict_is_counted(page, team):
    verdict(team, "gpu-1")
    Endpoint.objects.filter(pk=verdict(team, "paused").endpoint_id).update(paused=True)
    watched(team, "new")
    answer = page.get("/load/")
    assert [each.endpoint for each in answer.context["load"].shown] == ["gpu-1"]
    assert "1 endpoint is not judged yet" in words(answer)


def test_an_empty_fleet_says_what_comes_next(page, team):
    assert "Nothing is watched yet." in words(page.get("/load/"))
    watched(team, "new")
    assert "judged once an hour" in words(page.get("/load/"))


def test_the_number_of_queries_does_not_grow_with_the_fleet(page, team, alice, django_assert_max_num_queries):
    for n in range(3):
        verdict(team, f"gpu-{n}", State.OUTGROWN, at_work=50, in_time=90)
    page.get("/load/")
    with django_assert_max_num_queries(12) as few:
        page.get("/load/")
    for n in range(3, 60):
        verdict(team, f"gpu-{n}", State.OUTGROWN, at_work=n, in_time=90)
    with django_assert_max_num_queries(len(few)):
        page.get("/load/")
    assert len(fleet_load(alice, "", "").shown) == 60
