"""The search of the whole site: what it finds, for whom, and how it forgives."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from fleet.models import Endpoint, EndpointState, Incident
from fleet.queries.search import Found, search
from teams.models import Team
from tests.fleet.test_board import down, watched

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def fleet() -> Incident:
    """Three endpoints, one of them down."""
    watched("chat-1", facts={"models": [{"name": "qwen3:8b"}]})
    watched("chat-10", "Alpha", facts={"models": [{"name": "qwen3:8b"}, {"name": "bge-m3"}]})
    Endpoint.objects.filter(name="chat-10").update(tags=["prod"])
    state, now = down("box-7"), timezone.now()
    return Incident.objects.create(
        endpoint=state.endpoint, cause="connection_refused", began_at=now, opened_at=now, status="down"
    )


def titles(found: Found) -> dict[str, list[str]]:
    return {kind: [hit.title for hit in hits] for kind, hits in found.groups.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chat-1", {"Endpoints": ["chat-1", "chat-10"]}),
        ("CHAT-10.example", {"Endpoints": ["chat-10"]}),
        ("prod", {"Endpoints": ["chat-10"]}),
        ("qwen", {"Models": ["qwen3:8b"]}),
        ("silen", {"Pages": ["Silences", "Guide: Alerts"]}),
        ("flapping", {"Pages": ["Guide: Alerts"]}),
        ("degraded", {"Pages": ["Guide: Statuses and causes"]}),
        ("load line", {"Pages": ["Guide: What your servers say"]}),
        ("quiet hours", {"Pages": ["Alert settings", "Guide: Alerts"]}),
        ("mute", {"Pages": ["Silences"]}),
        ("%", {}),
    ],
)
def test_endpoints_models_and_pages_are_found_by_a_part_of_them(fleet, text, expected):
    assert titles(search(User(), text)) == expected


def test_the_availability_of_ones_teams_is_found(alice, team):
    hits = search(alice, "availab").groups["Pages"]
    assert [(hit.title, hit.url) for hit in hits] == [("Availability of Search", "/teams/search/availability/")]


def test_an_incident_is_found_by_its_number_and_while_it_is_open_by_its_endpoint(fleet):
    name = f"#{fleet.pk} box-7"
    assert titles(search(User(), "box")) == {"Endpoints": ["box-7"], "Incidents": [name]}
    fleet.resolved_at = timezone.now()
    fleet.save()
    assert "Incidents" not in titles(search(User(), "box"))
    assert (
        titles(search(User(), f"#{fleet.pk}"))["Incidents"]
        == titles(search(User(), str(fleet.pk)))["Incidents"]
        == [name]
    )


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("caht-10", "chat-10"), ("qwne3:8b", "qwen3:8b"), ("maintenence", "Maintenance"), ("qwne3", "qwen3:8b")],
)
def test_a_typing_error_finds_what_is_spelled_most_like_it(fleet, text, read_as):
    found = search(User(), text)
    assert found.read_as == read_as and found.count


@pytest.mark.parametrize(("text", "read_as"), [("chat1", "chat-1"), ("chat10", "chat-10"), ("QWEN 3", "qwen3:8b")])
def test_a_name_that_differs_in_its_punctuation_alone_comes_before_a_typing_error(fleet, text, read_as):
    found = search(User(), text)
    assert found.read_as == read_as and found.count


def test_without_a_text_there_are_the_open_incidents_and_the_pages(fleet):
    found = titles(search(User(), "  "))
    assert list(found) == ["Incidents", "Pages"] and "Models" in found["Pages"]


def test_nobody_finds_what_they_may_not_see(client, charlie, alice, team, fleet, settings):
    settings.FLEET_OPEN = False
    for text in ("chat-10", "bge-m3", str(fleet.pk), "", "caht-10"):
        shown = titles(search(charlie, text))
        assert {"Endpoints", "Models", "Incidents"}.isdisjoint(shown)
    assert titles(search(alice, "chat-1")) == {"Endpoints": ["chat-1"]}  # that of her team alone
    client.force_login(charlie)
    assert "chat-10" not in client.get("/search/?q=chat-1").content.decode()


def test_the_page_works_without_a_script_and_the_palette_gets_its_part(client, alice, fleet):
    client.force_login(alice)
    page = client.get("/search/?q=chat-1").content.decode()
    assert "<h1>Search</h1>" in page and ">chat-10</a>" in page
    assert '<a id="search-button" class="search-button" href="/search/">' in page
    part = client.get("/search/?q=chat-1", headers={"HX-Request": "true"}).content.decode()
    assert "<h1>" not in part and part.count('role="option"') == 2
    assert "Nothing was found for “zzzzzz”" in client.get("/search/?q=zzzzzz").content.decode()


def test_the_queries_do_not_grow_with_the_fleet(fleet, django_assert_max_num_queries):
    team = Team.objects.create(name="Big", slug="big")
    some = [Endpoint(team=team, name=f"chat-{n}", url=f"http://big:{n}") for n in range(100, 400)]
    EndpointState.objects.bulk_create(
        EndpointState(endpoint=endpoint, since=timezone.now()) for endpoint in Endpoint.objects.bulk_create(some)
    )
    with django_assert_max_num_queries(4):
        assert len(search(User(), "chat").groups["Endpoints"]) == 8
    with django_assert_max_num_queries(11):  # two of them only on PostgreSQL
        search(User(), "caht")
