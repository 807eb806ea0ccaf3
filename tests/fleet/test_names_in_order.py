"""Wherever endpoints are listed by name, gpu-2 comes before gpu-10."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from fleet.models import Endpoint, EndpointState
from fleet.queries.search import search
from teams import tokens
from teams.models import Membership, Role, Scope, Team

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NAMES = ["gpu-1", "gpu-2", "GPU-9", "gpu-10", "gpu-100"]


@pytest.fixture
def fleet(client: Client, team: Team, alice: User) -> list[int]:
    """Five endpoints, added in the order of their letters; another team of Alice, who is signed in, has a sixth."""
    client.force_login(alice)
    other = Team.objects.create(name="Search 2", slug="search-2")
    Membership.objects.create(team=other, user=alice, role=Role.OPERATOR)
    rows = [Endpoint(team=team, name=name, url=f"http://{name.lower()}:8000", tags=["prod"]) for name in sorted(NAMES)]
    made = Endpoint.objects.bulk_create([*rows, Endpoint(team=other, name="aside", url="http://a:8000")])
    facts = {"models": [{"name": "qwen3", "loaded": True}]}
    EndpointState.objects.bulk_create(
        EndpointState(endpoint=endpoint, status="up", cause="", engine="vllm", facts=facts) for endpoint in made
    )
    return [endpoint.pk for endpoint in made]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/?sort=name", "/?group=engine", "/?group=host", "/?group=tag", "/silences/", "/maintenance/",
        "/endpoints/add/", "/models/", "/teams/search/availability/", "/endpoints/{pk}/?compare=1", "/decisions/new/",
    ],
)  # fmt: skip
def test_every_list_of_endpoints_is_in_natural_order(client: Client, fleet, path):
    answer = client.get(path.format(pk=fleet[-1]))
    shown = re.findall(rf">\s*({'|'.join(NAMES)})(?!\d)", answer.content.decode())
    assert answer.status_code == 200 and list(dict.fromkeys(shown)) == NAMES


def test_the_last_name_is_first_when_sorted_from_the_other_end(client: Client, fleet):
    shown = re.findall(rf">({'|'.join(NAMES)})</a>", client.get("/?sort=-name").content.decode())
    assert shown == NAMES[::-1]


def test_programs_and_the_terminal_get_the_same_order(client: Client, alice: User, fleet, capsys):
    headers = {"Authorization": f"Bearer {tokens.make('ci', [Scope.STATUS], 30, alice)[1]}"}
    answer = client.get("/api/v1/status", headers=headers).json()
    assert [each["name"] for each in answer["endpoints"]] == [*NAMES, "aside"]
    call_command("status")
    assert re.findall("|".join(sorted(NAMES, key=len, reverse=True)), capsys.readouterr().out) == NAMES
    assert [hit.title for hit in search(alice, "gpu").groups["Endpoints"]] == NAMES
