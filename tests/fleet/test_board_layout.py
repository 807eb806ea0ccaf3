"""The order, groups and layout of the board: sorting by a column, grouping, columns, dense rows, folds."""

import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fleet.history import day_strip
from fleet.models import Endpoint, EndpointState, LoadVerdict
from fleet.queries.board import Filters, board, changes
from fleet.queries.cells import load_of
from fleet.queries.states import read
from tests.fleet.test_board import down, names, watched

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_user("alice"))
    return client


@pytest.fixture
def fleet() -> None:
    """Three that are up, one of them unknown in most respects, and one that is down."""
    now = timezone.now()
    full = day_strip.add({}, time.time() - 30, "up", 9.0, None, 30)
    of_late = day_strip.add(full, time.time(), "down", None, None, 30)
    facts = {"version": "1", "models": [{"name": "Qwen3"}]}
    load = {"running": 4, "waiting": 0, "slots": 8}
    watched("b", "Search", engine="vllm", latency_ms=9, facts=facts, load=load, strip=full, seen_at=now)
    facts = {"version": "1", "models": [{"name": "bge-m3"}]}
    load = {"running": 1, "waiting": 0, "slots": 8}
    earlier = now - timedelta(hours=1)
    watched("A", "Alpha", engine="ollama", latency_ms=70, facts=facts, load=load, strip=of_late, seen_at=earlier)
    watched("new", "Alpha", seen_at=None)
    down("dead", engine="vllm", since=now, strip=full, seen_at=earlier - timedelta(hours=1))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["dead", "A", "new", "b"]),
        ("name", ["A", "b", "dead", "new"]),
        ("-name", ["new", "dead", "b", "A"]),
        ("latency", ["A", "b", "dead", "new"]),
        ("-latency", ["b", "A", "dead", "new"]),
        ("models", ["A", "b", "dead", "new"]),
        ("-models", ["b", "A", "dead", "new"]),
        ("load", ["b", "A", "dead", "new"]),
        ("-load", ["A", "b", "dead", "new"]),
        ("day", ["A", "b", "dead", "new"]),
        ("seen", ["dead", "A", "b", "new"]),
        ("-seen", ["b", "A", "dead", "new"]),
        ("engine", ["new", "A", "b", "dead"]),
        ("status", ["dead", "A", "new", "b"]),
        ("nonsense", ["dead", "A", "new", "b"]),
        ("-", ["dead", "A", "new", "b"]),
    ],
)
def test_every_column_sorts_with_what_is_not_known_last(fleet, sort, expected):
    assert names(Filters.of({"sort": sort})) == expected


def test_sorted_by_load_they_stand_by_their_line_else_by_callers_else_by_how_often_they_work():

    def load(name: str, status: str = "up", strip=(), **load) -> EndpointState:
        return watched(name, status=status, load=load, strip=dict(strip), engine="vllm")

    now = timezone.now()
    judged = {"since": now, "judged_at": now, "state": "fine", "confidence": "high"}
    LoadVerdict.objects.create(endpoint=load("line", running=3, waiting=3, slots=9).endpoint, line=2, **judged)
    LoadVerdict.objects.create(endpoint=load("old line", running=3, slots=9).endpoint, line=1, until=now, **judged)
    LoadVerdict.objects.create(endpoint=load("below", running=9).endpoint, line=10, **judged)
    load("slots", running=4, waiting=1, slots=8)
    load("many", running=31, kv_cache_usage=0.0)
    busy = day_strip.add({}, time.time(), "up", 9.0, True, 30)
    often = day_strip.add(busy, time.time(), "up", 9.0, False, 30)
    load("often", strip=often, busy=True)
    load("asleep", "asleep", running=8, slots=8)
    for status in ("down", "loading", "paused", "unknown"):
        load(status, status, running=8, slots=8)
    load("failed once", strip=often)
    bars = dict(read(EndpointState.objects.all(), lambda s: (s.name, load_of(s, time.time()).share), board=True))
    known, unknown = ["line", "below", "many", "slots", "old line", "often", "asleep"], ["loading", "paused", "unknown"]
    assert names(Filters.of({"sort": "load"})) == [*known, "down", "failed once", *unknown]
    assert names(Filters.of({"sort": "-load"}))[:5] == ["below", "line", "old line", "slots", "many"]
    assert [bars[name] for name in known] == [3.0, 0.9, 0.0, 5 / 8, 3 / 9, 0.5, 0]
    assert {bars[name] for name in ("failed once", "down", *unknown)} == {None}


def groups(**filters: str) -> list[tuple[str, list[str]]]:
    shown = board(User(), Filters.of(filters))
    return [(group.name, [row.name for row in group.rows]) for group in shown.groups]


def test_rows_are_grouped_with_trouble_on_top(fleet):
    assert groups(group="engine") == [
        ("Needs attention", ["dead"]), ("not known", ["new"]), ("Ollama", ["A"]), ("vLLM", ["b"])
    ]  # fmt: skip
    assert groups(group="none") == [("Needs attention", ["dead"]), ("Endpoints", ["A", "b", "new"])]
    assert groups(group="team") == groups() == groups(group="nonsense")


def test_endpoints_of_one_host_stand_together_whatever_their_ports():
    for name in ("x", "y", "z"):
        watched(name)
    for name, url in (("x", "http://gpu:1"), ("y", "http://box:2"), ("z", "http://gpu:3/path")):
        Endpoint.objects.filter(name=name).update(url=url)
    assert groups(group="host") == [("box", ["y"]), ("gpu", ["x", "z"])]


def test_sorted_rows_are_one_list_unless_they_are_grouped_too(fleet):
    assert groups(sort="load") == [("Endpoints", ["b", "A", "dead", "new"])]
    assert groups(sort="name", group="team") == [("Alpha", ["A", "new"]), ("Search", ["b", "dead"])]
    assert groups(sort="-load", group="team") == [("Alpha", ["A", "new"]), ("Search", ["b", "dead"])]


def test_a_large_fleet_that_is_sorted_comes_in_pages(fleet, monkeypatch):
    monkeypatch.setattr("fleet.queries.selection.MOST_ROWS", 2)
    for page, expected in (("", ["b", "A"]), ("2", ["dead", "new"])):
        shown = board(User(), Filters(sort="load", page=page))
        assert [row.name for row in shown.groups[0].rows] == expected and not shown.folded


def test_a_sorted_board_gets_rows_that_moved_in_their_place(fleet):
    cursor = board(User(), Filters(sort="latency")).totals.cursor
    state = EndpointState.objects.get(endpoint__name="b")
    EndpointState.objects.filter(pk=state.pk).update(latency_ms=99, shown_at=timezone.now())
    moved = changes(User(), Filters(sort="latency"), cursor, {state.pk})
    assert [row.name for row in moved.rows] == ["b"] and not moved.redraw


def test_column_heads_are_links_that_sort_and_say_so(viewer, fleet):
    page = viewer.get("/?sort=latency&status=up").content.decode()
    heads = dict(re.findall(r'<th scope="col" class="col-(\w+)"\s+(?:aria-sort="\w+")?>\s*<a href="([^"]+)"', page))
    assert heads["latency"] == "/?status=up&amp;sort=-latency"
    assert heads["name"] == "/?status=up&amp;sort=name"
    assert heads["status"] == "/?status=up"
    assert re.findall(r'class="col-(\w+)"\s+aria-sort="(\w+)"', page) == [("latency", "descending")]
    assert re.findall(r'aria-sort="(\w+)"', viewer.get("/?sort=-latency").content.decode()) == ["ascending"]


def table_classes(page: str) -> set[str]:
    return set(re.search(r'<table class="([^"]+)"', page)[1].split()) - {"no-pick"}  # of who may not act


def test_columns_and_density_are_chosen_without_a_script_and_kept(viewer, fleet):
    assert table_classes(viewer.get("/").content.decode()) == {"board", "no-seen"}
    answer = viewer.post("/layout/", {"density": "dense", "column": ["seen", "load"], "query": "team=search&sort=name"})
    assert answer.headers["Location"] == "/?team=search&sort=name"
    page = viewer.get("/").content.decode()
    assert table_classes(page) == {"board", "dense", "no-engine", "no-models", "no-latency", "no-day"}
    assert 'colspan="4"' in page and "data-own-layout" in page
    viewer.post("/layout/", {"density": "", "column": ["engine", "models", "load", "latency", "day"]})
    page = viewer.get("/").content.decode()
    assert table_classes(page) == {"board", "no-seen"} and "data-own-layout" not in page


def test_many_rows_are_dense_unless_they_are_to_be_roomy(viewer):
    for number in range(41):
        watched(f"gpu-{number}")
    assert "dense" in table_classes(viewer.get("/").content.decode())
    assert "dense" not in table_classes(viewer.get("/?q=gpu-7").content.decode())
    viewer.cookies["board_dense"] = "0"
    assert "dense" not in table_classes(viewer.get("/").content.decode())


@pytest.mark.parametrize("query", ["https://evil.example/", "x\r\nSet-Cookie: a=b", "//evil.example"])
def test_the_layout_leads_nowhere_but_to_the_board(viewer, query):
    answer = viewer.post("/layout/", {"query": query})
    assert answer.headers["Location"].startswith("/?") and "Set-Cookie: a" not in answer.headers["Location"]


def test_groups_say_what_is_in_them_and_stay_folded(viewer, fleet):
    viewer.cookies["board_folds"] = "-team-alpha.+attention.junk"
    page = viewer.get("/").content.decode()
    found = {key: set(classes.split()) for key, classes in re.findall(r'<tbody id="g-([^"]+)"\s+class="([^"]+)"', page)}
    assert found == {
        "attention": {"group-rows", "is-open"},
        "team-alpha": {"group-rows", "of-team", "is-healthy", "is-folded"},
        "team-search": {"group-rows", "of-team", "is-healthy"},
    }
    assert [group.summary for group in board(User(), Filters()).groups] == ["1 down", "2 up", "1 up, 1 down above"]


@pytest.mark.parametrize("cookie", ["", "x", "..", "engine.<script>", "status.name", "\x7f" * 50])
def test_a_cookie_that_makes_no_sense_is_no_error(viewer, fleet, cookie):
    for name in ("board_dense", "board_columns", "board_folds"):
        viewer.cookies[name] = cookie
    page = viewer.get("/").content.decode()
    assert "<script>" not in page and "col-status" in page


def test_what_is_not_known_of_one_that_is_down_is_said_once(viewer):
    down("gone")
    page = viewer.get("/").content.decode()
    row = page[page.index('id="row-') :]
    assert row.count("no answer") == 1 and "not known" in row and row.count("not known") == 1


def test_the_path_keeps_endpoints_of_one_port_apart(viewer):
    watched("gpu-1")
    Endpoint.objects.update(url="http://localhost:9750/team-a/")
    assert '<span class="sub place">localhost:9750/team-a</span>' in viewer.get("/").content.decode()


def test_the_list_can_be_jumped_to_and_the_headline_is_read_out(viewer):
    watched("gpu-1")
    page = viewer.get("/").content.decode()
    assert '<a class="skip-link" href="#list">Skip to the list</a>' in page
    assert page.count('id="list"') == 1
    assert '<p id="headline-spoken" class="visually-hidden" role="status"></p>' in page
    assert 'href="#list"' in viewer.get("/?q=nothing").content.decode()
    assert viewer.get("/?q=nothing").content.decode().count('id="list"') == 1


def test_trouble_shows_in_the_title_and_in_the_icon_of_the_tab(viewer):
    watched("gpu-1")
    page = viewer.get("/").content.decode()
    assert "<title>Fleet · Plimsoll</title>" in page and re.search(r'rel="icon" href="[^"]*mark[.\w]*svg"', page)
    down("gpu-2")
    page = viewer.get("/").content.decode()
    assert "<title>(1 down elsewhere) Fleet · Plimsoll</title>" in page
    assert re.search(r'rel="icon" href="[^"]*mark-trouble[.\w]*svg"', page)


def test_a_row_has_its_cause_in_few_words_too_and_what_is_cut_as_titles(viewer):
    watched("gpu-1", "Search", status="degraded", cause="model_missing", detail="phi-4")
    watched("gpu-2", engine="vllm", facts={"version": "0.33.0", "models": [{"name": "a", "loaded": True}]})
    page = viewer.get("/").content.decode()
    assert '<span class="cause cause-short">model missing (phi-4)</span>' in page
    assert 'class="col-engine" title="vLLM 0.33.0"' in page and 'class="col-models" title="a"' in page
