"""The board as a page and as what it sends after it: sentence, groups, filters, costs."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.text import slugify

from fleet.access import reader
from fleet.engines.reading_json import facts_from_json, load_from_json
from fleet.history import day_strip
from fleet.history.sort_figures import sort_figures
from fleet.models import Alert, Endpoint, EndpointState, Incident, LoadVerdict, Message
from fleet.queries import rows
from fleet.queries.board import Filters, board, changes
from fleet.queries.cells import Cells, cells
from fleet.queries.headline import Trouble, sentence
from fleet.queries.states import read
from teams.models import Membership, Role, Team
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_user("alice", is_superuser=True))
    return client


def watched(name: str, team: str = "Search", **state) -> EndpointState:
    """An endpoint with its state row, as a probe would have left it."""
    slug = slugify(team)
    owner, _ = Team.objects.get_or_create(slug=slug, defaults={"name": team})
    port = 8000 + Endpoint.objects.count()
    endpoint = Endpoint.objects.create(team=owner, name=name, url=f"http://{name}.example.org:{port}")
    now = timezone.now()
    known = {"status": "up", "cause": "", "since": now, "seen_at": now, "probed_at": now, "shown_at": now}
    facts, load = facts_from_json(state.get("facts", {})), load_from_json(state.get("load", {}))
    known |= sort_figures(facts, load, state.get("strip", {}), now.timestamp())
    return EndpointState.objects.create(endpoint=endpoint, **{"regrouped_at": now, **known, **state})


def down(name: str, team: str = "Search", **state) -> EndpointState:
    return watched(name, team, **{"status": "down", "cause": "connection_refused", "step": "connect", **state})


def names(filters: Filters) -> list[str]:
    return [row.name for group in board(User(), filters).groups for row in group.rows]


def cells_by_name() -> dict[str, Cells]:
    return dict(read(EndpointState.objects.all(), lambda state: (state.name, cells(state, time.time())), board=True))


@pytest.mark.parametrize(
    ("counts", "own", "others", "expected"),
    [
        ({}, Trouble(), Trouble(), "No endpoints yet"),
        ({"up": 12}, Trouble(), Trouble(), "All 12 endpoints up"),
        ({"up": 1}, Trouble(), Trouble(), "1 endpoint up"),
        ({"up": 3, "down": 1}, Trouble(down=1), Trouble(), "gpu-2 is down"),
        ({"down": 1}, Trouble(down=1, acknowledged=1), Trouble(), "gpu-2 is down, acknowledged"),
        ({"up": 3, "degraded": 1, "busy": 1}, Trouble(degraded=1), Trouble(), "gpu-2 is degraded, 1 busy"),
        ({"down": 2}, Trouble(down=2, acknowledged=1), Trouble(), "2 down, 1 of them acknowledged"),
        (
            {"down": 2, "degraded": 1},
            Trouble(down=2, degraded=1, muted=2),
            Trouble(),
            "2 down, 1 degraded, 2 of them muted",
        ),
        ({"down": 3}, Trouble(down=3, muted=2), Trouble(), "3 down, 2 of them muted"),
        (
            {"down": 6},
            Trouble(down=3, acknowledged=3),
            Trouble(down=3),
            "3 down, all acknowledged; 3 down in other teams",
        ),
        ({"up": 3, "down": 1}, Trouble(), Trouble(down=1), "1 down in other teams"),
        ({"down": 2}, Trouble(down=1), Trouble(down=1), "gpu-2 is down; 1 down in other teams"),
        ({"busy": 1, "up": 1}, Trouble(), Trouble(), "1 busy, none down"),
        ({"up": 10, "asleep": 1, "unknown": 2}, Trouble(), Trouble(), "10 up, 1 asleep, 2 not known"),
        ({"unknown": 1}, Trouble(), Trouble(), "None up, 1 not known"),
    ],
)
def test_the_headline_says_what_a_person_can_act_on(counts, own, others, expected):
    assert sentence(counts, own, others, "gpu-2") == expected


def test_trouble_stands_on_top_by_severity_the_newest_first_and_the_rest_by_team():
    now = timezone.now()
    watched("zeta", "Alpha")
    watched("box", "Search", status="busy", cause="saturated")
    watched("mac", "Search", status="degraded", cause="model_missing")
    down("late", since=now - timedelta(minutes=1))
    down("early", since=now - timedelta(hours=1))
    watched("beta", "Search", status="asleep", cause="asleep")
    watched("alfa", "Search")
    groups = {group.name: [row.name for row in group.rows] for group in board(User(), Filters()).groups}
    assert list(groups) == ["Needs attention", "Alpha", "Search"]
    assert groups["Needs attention"] == ["late", "early", "mac", "box"]
    assert groups["Search"] == ["alfa", "beta"]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("sent", "Search was mailed at"),
        ("waiting", "The mail to Search is on its way."),
        ("no_server", "Nobody was mailed: no mail server is set."),
        ("given_up", "The mail to Search could not be delivered."),
        (None, "Nobody was alerted so far."),
    ],
)
def test_the_second_line_names_the_cause_and_what_became_of_the_mail(viewer, state, shown):
    trouble, now = down("gpu-2"), timezone.now()
    incident = Incident.objects.create(
        endpoint=trouble.endpoint, status="down", cause=trouble.cause, began_at=now, opened_at=now
    )
    if state:
        Alert.objects.create(
            incident=incident,
            kind="down",
            recipient="a@example.org",
            facts={},
            created_at=now,
            message=Message.objects.create(recipient="a@example.org", created_at=now, state=state, sent_at=now),
        )
    page = flat(viewer.get("/").content.decode())
    assert "<h1>gpu-2 is down</h1>" in page
    assert "nothing listens on that port" in page
    assert shown in page
    assert incident.get_absolute_url() in page


def mailed(trouble: EndpointState) -> None:
    """Its team got a mail about its incident."""
    now, known = timezone.now(), {"endpoint": trouble.endpoint, "status": "down", "cause": trouble.cause}
    incident = Incident.objects.create(**known, began_at=now, opened_at=now)
    for address in ("a@example.org", "b@example.org"):
        message = Message.objects.create(recipient=address, created_at=now, state="sent", sent_at=now)
        sent = {"kind": "down", "recipient": address, "facts": {}, "created_at": now, "message": message}
        Alert.objects.create(incident=incident, **sent)


def test_where_several_teams_are_down_the_second_line_counts_who_was_mailed(viewer):
    down("gpu-4", "Lab", since=timezone.now() - timedelta(hours=1))
    for name, team in (("gpu-1", "Search"), ("gpu-2", "Search"), ("gpu-3", "Chat")):
        mailed(down(name, team))
    shown = flat(viewer.get("/").content.decode())
    assert "<h1>4 down</h1>" in shown and "2 teams were mailed; " in shown
    assert "2 teams were mailed" not in flat(viewer.get("/?team=search").content.decode())


def test_a_new_endpoint_whose_first_probes_failed_waits_for_none(viewer):
    watched("new", status="unknown", cause="new", failures=1)
    page = viewer.get("/").content.decode()
    assert "checking: 1 of 3" in page and "the first probe is on its way" not in page


def test_the_cause_leads_and_what_it_brought_down_says_so(viewer):
    now, acknowledged = timezone.now(), {"acknowledged": {"by": "bob", "until": None}}
    proxy = down("proxy", since=now - timedelta(minutes=1), marks=acknowledged)
    behind, beside = down("behind", since=now), down("beside", since=now)
    known = {"status": "down", "cause": "connection_refused", "began_at": now, "opened_at": now}
    cause = Incident.objects.create(endpoint=proxy.endpoint, **known)
    for state in (behind, beside):
        Incident.objects.create(endpoint=state.endpoint, parent=cause, **known)
    page = viewer.get("/").content.decode()
    assert names(Filters()) == ["proxy", "behind", "beside"]
    assert board(User(is_superuser=True), Filters()).headline.lead.name == "proxy"
    assert "because of proxy" in page and "Caused by proxy, which is down. " in page
    assert "Caused by proxy, which is down. " in viewer.get("/?wall=1").content.decode()

    Incident.objects.filter(pk=cause.pk).update(resolved_at=now)
    assert "which is down. " not in viewer.get("/").content.decode()


@pytest.mark.parametrize(
    ("status", "shown"),
    [("down", "which is down"), ("degraded", "which is degraded"), ("unknown", "whose status is unknown"), ("up", "")],
)
def test_a_row_names_the_cause_that_was_found_and_how_that_is_now(viewer, status, shown):
    switch, proxy, behind = watched("switch", status=status), down("proxy"), down("behind")
    Endpoint.objects.filter(name="behind").update(depends_on=proxy.endpoint)
    opened = dict.fromkeys(("began_at", "opened_at"), timezone.now())
    cause = Incident.objects.create(endpoint=switch.endpoint, status="down", **opened)
    caused = Incident.objects.create(endpoint=behind.endpoint, parent=cause, status="down", **opened)
    [row] = [
        each.html for each in rows.rows(EndpointState.objects.filter(pk=behind.pk), reader(User(is_superuser=True)))
    ]
    assert "proxy" not in row
    assert (f"Caused by switch, {shown}." in row and "because of switch" in row) if shown else "switch" not in row
    page = viewer.get(caused.get_absolute_url()).content.decode()
    assert f"of switch</a>{f', {shown}' if shown else ''}\n" in page
    Incident.objects.filter(pk=cause.pk).update(resolved_at=timezone.now())
    assert "of switch</a>\n" in viewer.get(caused.get_absolute_url()).content.decode()


def test_nobody_is_said_to_lack_an_address_when_it_is_silenced(viewer):
    trouble, now = down("gpu-2"), timezone.now()
    EndpointState.objects.update(marks={"silenced": "2099-01-01T00:00:00+00:00"})
    Incident.objects.create(endpoint=trouble.endpoint, status="down", cause=trouble.cause, began_at=now, opened_at=now)
    assert "Nobody is notified: it is silenced." in viewer.get("/").content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"team": "search"}, {"gpu-1", "mac"}),
        ({"engine": "vllm"}, {"gpu-1"}),
        ({"status": "down"}, {"cold"}),
        ({"model": "qwen3"}, {"mac"}),
        ({"model": "qwen3:8b"}, {"mac"}),
        ({"q": "GPU"}, {"gpu-1"}),
        ({"q": "cold.example"}, {"cold"}),
        ({"q": "llama-3"}, {"gpu-1"}),
        ({"q": "nothing of that name"}, set()),
        ({"team": "search", "q": "cold"}, set()),
    ],
)
def test_filters(viewer, query, expected):
    watched("gpu-1", engine="vllm", facts={"models": [{"name": "llama-3.3-70b"}]})
    watched("mac", engine="ollama", facts={"models": [{"name": "qwen3:8b"}]})
    down("cold", team="Platform")
    assert set(names(Filters.of(query))) == expected
    page = viewer.get("/", query).content.decode()
    assert set(re.findall(r'<a id="e\d+"[^>]*>([^<]+)</a>', page)) == expected
    assert ("<h1>No endpoint fits these filters</h1>" in page) == (not expected)
    assert page.count("Show the whole fleet") == (1 if expected else 2)
    assert "The first probes" not in page


def test_a_team_without_endpoints_is_named_and_stays_chosen(client):
    watched("gpu-1")
    bob, new = User.objects.create_user("bob"), Team.objects.create(name="New team", slug="new")
    Membership.objects.create(user=bob, team=new, role=Role.OPERATOR)
    client.force_login(bob)
    page = client.get("/?team=new").content.decode()
    assert "<h1>New team has no endpoints yet</h1>" in page and '<option value="new" selected>New team</option>' in page
    assert "first probes" not in page and 'id="count-up"' not in page
    assert "<h1>No endpoint fits these filters</h1>" in client.get("/?team=search&q=zebra").content.decode()


def test_the_name_of_a_team_is_no_ones_who_is_not_in_it(client):
    watched("gpu-1")
    client.force_login(User.objects.create_user("charlie"))
    Team.objects.create(name="Secret plans", slug="new")
    page = client.get("/?team=new").content.decode()
    assert "Secret plans" not in page and '<option value="new" selected>new</option>' in page


@pytest.mark.parametrize(
    ("name", "role", "words"),
    [
        ("root", None, "Set <code>EMAIL_URL</code> and restart"),
        ("alice", Role.OWNER, "Ask who runs this installation"),
        ("bob", Role.OPERATOR, ""),
    ],
)
def test_a_missing_mail_server_is_reported_to_who_can_have_it_set(client, settings, name, role, words):
    endpoint = watched("gpu-1").endpoint
    user = User.objects.create_user(name, is_superuser=role is None)
    if role:
        Membership.objects.create(user=user, team=endpoint.team, role=role)
    client.force_login(user)
    settings.EMAIL_CONFIGURED = False
    page = client.get("/").content.decode()
    assert words in page and ("No mail server is set" in page) == bool(words)
    settings.EMAIL_CONFIGURED = True
    assert "No mail server is set" not in client.get("/").content.decode()


def test_a_failure_that_is_not_confirmed_yet_is_only_hinted_at(viewer):
    watched("gpu-1", failures=1)
    page = viewer.get("/").content.decode()
    assert "checking: 1 of 3" in page
    assert "1 endpoint up" in page


def test_what_a_user_typed_is_shown_as_text(viewer):
    watched("gpu-1", facts={"version": "<b>1</b>", "models": [{"name": "<script>alert(1)</script>"}]})
    page = viewer.get("/", {"q": '"><script>'}).content.decode() + viewer.get("/").content.decode()
    assert "<script>alert" not in page
    assert "<b>1</b>" not in page
    assert '"><script>' not in page


def test_the_page_needs_no_script_and_carries_no_inline_style(viewer):
    watched("gpu-1")
    page = viewer.get("/").content.decode()
    assert re.search(r'<form[^>]*class="filters[^>]*method="get"', page)
    assert re.search(r'<button [^>]*type="submit">Show</button>', page)
    assert ">Reload</a>" in page
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_the_empty_board_teaches_the_next_step(viewer):
    page = viewer.get("/").content.decode()
    assert "No endpoints yet" in page
    assert 'hx-get="/endpoints/discovered/"' in page
    assert 'href="/endpoints/add/"' in page


def test_load_is_shown_against_its_line_and_not_made_up_where_it_is_unknown(viewer):
    watched("full", load={"running": 16, "waiting": 4, "slots": 16})
    watched("open", load={"running": 2, "waiting": 0})
    watched("held", load={"running": 2, "waiting": 0, "deferred": 7, "slots": 4})
    watched("dark")
    down("gone", load={"running": 3, "waiting": 0, "slots": 16})
    down("failing", cause="server_error")
    minute = int(time.time() // 60)
    hour = {"day": {}, "hour": {str(minute): [1, 9.0, 1, 2]}}
    watched("mac", load={"busy": False}, strip=hour)
    watched("just failed", failures=1, strip=hour)
    shown = cells_by_name()
    assert shown["full"].load_note == "16 running, 4 waiting"
    assert "mark" not in shown["full"].load and "no load line known yet" in shown["full"].load
    assert (shown["open"].load_note, shown["open"].load) == ("2 callers, no line yet", "")
    assert shown["held"].load_note == "2 running, 0 waiting, 7 deferred"
    assert 'class="load over"' not in shown["held"].load
    assert (shown["dark"].load_note, shown["dark"].latency_note) == ("not known", "")
    assert (shown["gone"].load_note, shown["gone"].load, shown["gone"].latency_note) == ("no answer", "", "")
    assert shown["failing"].load_note == "not known"
    assert shown["mac"].load_note == "busy 50 % of last hour"
    assert "mark" not in shown["mac"].load
    assert (shown["just failed"].load_note, shown["just failed"].load) == ("not known", "")


def test_a_known_load_line_is_marked_on_the_bar(viewer):
    known = {"since": timezone.now(), "judged_at": timezone.now(), "confidence": "high"}
    for name, running in (("below", 5), ("over", 16)):
        endpoint = watched(name, load={"running": running, "waiting": 3, "slots": 64}).endpoint
        LoadVerdict.objects.create(endpoint=endpoint, state="fine", line=99, until=timezone.now(), **known)
        LoadVerdict.objects.create(endpoint=endpoint, state="saturated", limit="KV cache", line=14, **known)
    shown = cells_by_name()
    assert (shown["below"].load_note, shown["over"].load_note) == ("8 of 14 callers", "19 of 14 · KV cache")
    assert "mark" in shown["below"].load and 'class="load over"' in shown["over"].load
    page = viewer.get("/").content.decode()
    assert page.count('<span class="sub" data-name="Load">19 of 14 · KV cache</span>') == 1, "each endpoint has one row"


def test_models_are_those_loaded_or_all_where_the_engine_does_not_show(viewer):
    watched(
        "ollama",
        facts={"version": "1", "models": [{"name": "a", "loaded": True}, {"name": "b", "loaded": False}]},
    )
    watched("cold", facts={"version": "1", "models": [{"name": "a", "loaded": False}]})
    watched("many", facts={"version": "1", "models": [{"name": f"m{i}"} for i in range(5)]})
    watched("new")
    shown = cells_by_name()
    assert shown["ollama"].models == ["a"]
    assert shown["cold"].models_note == "none of 1 loaded"
    assert (shown["many"].models, shown["many"].more) == (["m0", "m1", "m2"], 2)
    assert shown["new"].models_note == ""


def test_the_number_of_queries_does_not_grow_with_the_fleet(viewer, django_assert_max_num_queries):
    for i in range(3):
        down(f"down-{i}")
    with django_assert_max_num_queries(16) as few:
        viewer.get("/")
    for i in range(30):
        watched(f"up-{i}", team=f"Team {i}")
        down(f"more-{i}")
    with django_assert_max_num_queries(len(few)):
        viewer.get("/")


class TestLargeFleet:
    """More endpoints than a page lists."""

    @pytest.fixture(autouse=True)
    def few_rows(self, monkeypatch):
        monkeypatch.setattr("fleet.queries.selection.MOST_ROWS", 4)

    @pytest.fixture
    def fleet(self) -> None:
        down("cold", team="Platform")
        for number in range(3):
            watched(f"gpu-{number}", "Search", facts={"models": [{"name": "qwen3:8b"}]})
        watched("late", "Platform", status="asleep", cause="asleep")
        watched("mac", "Platform")

    def test_trouble_is_listed_and_each_team_counted(self, viewer, fleet):
        shown = board(User(), Filters())
        assert [(group.name, [row.name for row in group.rows]) for group in shown.groups] == [
            ("Needs attention", ["cold"])
        ]
        assert [(team.name, team.counts) for team in shown.folded] == [
            ("Platform", {"asleep": 1, "up": 1}),
            ("Search", {"up": 3}),
        ]
        page = viewer.get("/").content.decode()
        assert 'href="/?team=search"' in page and 'href="/?all=1"' in page

    def test_a_team_of_it_has_its_rows(self, fleet):
        shown = board(User(), Filters(team="search"))
        assert names(Filters(team="search")) == ["gpu-0", "gpu-1", "gpu-2"] and not shown.folded

    def test_all_of_it_comes_in_pages_without_a_script(self, viewer, fleet):
        first = viewer.get("/?all=1").content.decode()
        assert 'rel="next" href="/?all=1&amp;page=2"' in first and "1 to 4 of 6" in first
        assert names(Filters(all="1")) == ["cold", "late", "mac", "gpu-0"]
        second = viewer.get("/?all=1&page=2").content.decode()
        assert 'rel="prev" href="/?all=1&amp;page=1"' in second and 'rel="next"' not in second
        assert names(Filters(all="1", page="2")) == ["gpu-1", "gpu-2"]

    @pytest.mark.parametrize("query", ["gpu-2", "GPU-2.example", "cold", "late"])
    def test_the_search_goes_through_all_of_it(self, fleet, query):
        assert len(names(Filters(q=query))) == 1

    @pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9" * 50])
    def test_a_page_that_is_not_there_is_no_error(self, viewer, fleet, page):
        assert viewer.get("/", {"all": "1", "page": page}).status_code == 200

    def test_of_what_moved_only_what_the_page_lists_is_sent(self, fleet):
        cursor = board(User(), Filters()).totals.cursor
        EndpointState.objects.update(shown_at=timezone.now())
        moved = changes(User(), Filters(), cursor)
        assert [row.name for row in moved.rows] == ["cold"]
        moved = changes(User(), Filters(), cursor, set(EndpointState.objects.values_list("pk", flat=True)))
        assert [row.name for row in moved.rows] == ["cold"]


def test_what_somebody_is_on_stands_below_what_nobody_is_on():
    known = {"acknowledged": {"by": "bob", "until": None}}
    down("old", since=timezone.now() - timedelta(hours=2), marks=known)
    down("new")
    assert names(Filters()) == ["new", "old"]


def test_a_row_is_made_again_only_when_something_in_it_moved(monkeypatch):
    state = watched("gpu-1")
    made: list[str] = []
    render = rows.render_to_string
    monkeypatch.setattr(rows, "render_to_string", lambda *args: made.append("row") or render(*args))
    for _ in range(2):
        EndpointState.objects.update(shown_at=timezone.now())  # every probe moves it
        board(User(), Filters())
    EndpointState.objects.filter(pk=state.pk).update(latency_ms=77)
    assert "77 ms" in board(User(), Filters()).groups[0].rows[0].html
    Endpoint.objects.update(name="gpu-9")
    assert "gpu-9" in board(User(), Filters()).groups[0].rows[0].html
    assert len(made) == 3


def test_a_row_that_did_not_move_shows_how_long_ago_now():
    now = datetime.now(UTC).replace(microsecond=0)
    watched("gpu-1", seen_at=now)
    with time_machine.travel(now, tick=False):
        assert ">0 s</time>" in board(User(), Filters()).groups[0].rows[0].html
    with time_machine.travel(now + timedelta(seconds=42), tick=False):
        assert ">42 s</time>" in board(User(), Filters()).groups[0].rows[0].html


class TestChanges:
    def test_nothing_new_is_no_content(self, viewer):
        watched("gpu-1")
        cursor = board(User(), Filters()).totals.cursor
        assert viewer.get("/changes/", {"since": cursor}).status_code == 204

    def test_a_row_whose_figures_moved_is_sent_alone_with_a_new_cursor(self, viewer):
        earlier = timezone.now() - timedelta(minutes=1)
        watched("gpu-2", shown_at=earlier - timedelta(minutes=1), regrouped_at=earlier)
        moved = watched("gpu-1", shown_at=earlier, regrouped_at=earlier)
        cursor = board(User(), Filters()).totals.cursor
        EndpointState.objects.filter(pk=moved.pk).update(shown_at=timezone.now(), latency_ms=77)
        answer = viewer.get("/changes/", {"since": cursor}).content.decode()
        assert re.findall(r'id="row-(\d+)" hx-swap-oob="true"', answer) == [str(moved.pk)]
        assert "77 ms" in answer
        following = re.search(r'name="since" value="([^"]+)"', answer)[1]
        assert viewer.get("/changes/", {"since": following}).status_code == 204

    def test_a_row_that_moved_to_another_group_redraws_the_board(self, viewer):
        moved = watched("gpu-1")
        cursor = board(User(), Filters()).totals.cursor
        now = timezone.now()
        EndpointState.objects.filter(pk=moved.pk).update(status="down", shown_at=now, regrouped_at=now)
        answer = viewer.get("/changes/", {"since": cursor}).content.decode()
        assert 'id="board" hx-swap-oob="true"' in answer
        assert "<h1>gpu-1 is down</h1>" in answer

    def test_an_endpoint_that_is_gone_redraws_the_board(self, viewer):
        watched("gpu-1")
        gone = watched("gpu-2")
        cursor = board(User(), Filters()).totals.cursor
        gone.endpoint.delete()
        answer = viewer.get("/changes/", {"since": cursor}).content.decode()
        assert 'id="board" hx-swap-oob="true"' in answer
        assert "gpu-2" not in answer

    def test_only_rows_of_the_filtered_team_are_sent(self):
        ours, theirs = watched("gpu-1", "Search"), watched("gpu-2", "Platform")
        cursor = board(User(), Filters()).totals.cursor
        EndpointState.objects.filter(pk__in=(ours.pk, theirs.pk)).update(shown_at=timezone.now())
        moved = changes(User(), Filters(team="search"), cursor)
        assert [row.name for row in moved.rows] == ["gpu-1"]

    @pytest.mark.parametrize("since", ["", "x", "1.2", "99999999999999999999999999.1.1", "-5.a.b", "²3.1.1"])
    def test_a_cursor_that_makes_no_sense_redraws_the_board(self, viewer, since):
        watched("gpu-1")
        answer = viewer.get("/changes/", {"since": since})
        assert answer.status_code == 200
        assert b'id="board" hx-swap-oob="true"' in answer.content

    def test_a_stranger_is_asked_to_reload(self, client):
        answer = client.get("/changes/", headers={"HX-Request": "true"})
        assert answer.status_code == 401
        assert answer.headers["HX-Refresh"] == "true"


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get("/").status_code == 302


def test_availability_of_the_row_comes_from_the_strip():
    now = time.time()
    data = day_strip.add(day_strip.add({}, now - 30, "up", 9.0, None, 30), now, "down", None, None, 30)
    watched("gpu-1", strip=data, shown_at=datetime.now(UTC))
    shown = cells_by_name()["gpu-1"]
    assert (shown.available, shown.available_of) == ("50 %", "of 1 min")
    assert "50 % available of 1 min" in shown.day
    assert 'class="c-down"' in shown.day
