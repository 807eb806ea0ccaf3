"""Many endpoints added from one list, as people do it in the pages."""

import re

import pytest
from django.core.cache import cache

from fleet import endpoints
from fleet.endpoints.many import batch
from fleet.models import Endpoint
from teams.models import Membership, Role, Team
from tests.fake_engine import FakeEngine
from tests.html import flat

LIST = "/endpoints/add/many/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(client, alice):
    """A signed-in Alice's browser."""
    client.force_login(alice)
    return client


def text(response) -> str:
    return flat(response.content.decode())


def checked(page, team: Team, pasted: str) -> tuple[str, str]:
    """The address of a list's table and the table, once all answers have come."""
    response = page.post(LIST, {"text": pasted, "team": team.pk, "wait": "1"})
    assert response.status_code == 302, text(response)
    return response.url, text(page.get(response.url))


def test_one_table_says_what_answers_where_and_saves_nothing(page, team, ollama):
    _, table = checked(page, team, f"chat {ollama.url}/v1\nhttp://localhost:1\nftp://gpu-9")
    assert all(part in table for part in ("Ollama 0.30.1", "qwen3:8b", "Ollama is running", 'value="chat"'))
    assert "nothing listens on that port" in table and "Start the server" in table
    assert "Only http:// and https:// addresses" in table
    assert re.findall(r'name="row" value="(\d)"[^>]*?( checked)?>', table) == [("0", " checked"), ("1", "")]
    assert "Waiting for" not in table and not Endpoint.objects.exists()


def test_what_is_ticked_is_added_with_the_names_typed_and_begins_with_what_was_found(page, team, ollama):
    url, _ = checked(page, team, f"{ollama.url}\nhttp://localhost:1")
    response = page.post(url, {"row": ["0", "1"], "name-0": "chat", "name-1": "later"})
    assert response.url == "/?team=search"
    assert set(team.endpoints.values_list("name", "url")) == {("chat", ollama.url), ("later", "http://localhost:1")}
    assert team.endpoints.get(name="chat").state.engine == "ollama"


def test_without_a_tick_it_is_not_added(page, team, ollama):
    url, _ = checked(page, team, f"{ollama.url}\nhttp://localhost:1")
    page.post(url, {"row": ["0"]})
    assert team.endpoints.get().url == ollama.url
    assert "Nothing was ticked" in text(page.post(url, {}))


def test_each_row_fails_alone_and_keeps_what_was_typed(page, team, ollama):
    endpoints.add(team, name="taken", url="http://gpu-7")
    url, _ = checked(page, team, f"{ollama.url}\nhttp://localhost:1")
    response = page.post(url, {"row": ["0", "1"], "name-0": "fine", "name-1": "taken"})
    assert response.status_code == 422
    assert "Not added: 1." in text(response) and "already has an endpoint named taken" in text(response)
    assert 'value="taken"' in text(response) and ">fine</a>" in text(response)
    page.post(url, {"row": ["1"], "name-1": "free"})
    assert set(team.endpoints.values_list("name", flat=True)) == {"taken", "fine", "free"}


def test_the_limit_of_the_team_holds_within_a_list(page, team, settings):
    settings.ENDPOINTS_PER_TEAM = 1
    url, _ = checked(page, team, "http://localhost:1\nhttp://localhost:2")
    response = page.post(url, {"row": ["0", "1"]})
    assert "The limit of 1 endpoints of Search is reached" in text(response)
    assert team.endpoints.count() == 1


def test_what_the_team_watches_already_is_marked_and_not_added_twice(page, team, ollama):
    endpoints.add(team, name="box", url=ollama.url)
    url, table = checked(page, team, ollama.url)
    assert "Watched by Search as" in table and 'name="row"' not in table
    page.post(url, {"row": ["0"]})
    assert team.endpoints.count() == 1


def test_a_csv_names_teams_and_keys_and_no_page_shows_a_key(page, alice, team):
    platform = Team.objects.create(name="Platform", slug="platform")
    Membership.objects.create(user=alice, team=platform, role=Role.OPERATOR)
    Team.objects.create(name="Others", slug="others")
    with FakeEngine("vllm") as vllm:
        vllm.api_key = "sk-s3cret"
        rows = f"url,team,api_key,tags\n{vllm.url},Platform,sk-s3cret,prod a100\nhttp://localhost:1,others,,"
        url, table = checked(page, team, rows)
    assert "tags prod, a100; with an API key</p>" in table and "<td>Platform</td>" in table
    assert "vLLM" in table and "sk-s3cret" not in table and "an operator of no team “others”" in table
    page.post(url, {"row": ["0", "1"]})
    added = Endpoint.objects.get()
    assert (added.team, added.api_key, added.tags) == (platform, "sk-s3cret", ["prod", "a100"])


def test_answers_come_one_by_one_and_a_tick_stays_with_who_took_it_away(page, team, ollama, silent_port, wait_for):
    response = page.post(LIST, {"text": f"{ollama.url}\nhttp://127.0.0.1:{silent_port}", "team": team.pk})
    poll = {"pending": ["0", "1"]}
    wait_for(lambda: "Ollama" in text(page.get(response.url, poll, headers=HTMX)), 20, "no answer came")
    came = text(page.get(response.url, poll, headers=HTMX))
    assert 'id="answer-0" class="many-answer" hx-swap-oob="true"' in came and 'id="pick-0"' not in came
    assert "<html" not in came
    assert "Ollama" not in text(page.get(response.url, {"pending": ["1"]}, headers=HTMX))


def test_what_was_not_probed_in_time_says_so_and_can_be_added(page, team, silent_port, monkeypatch):
    monkeypatch.setattr(batch, "OVERALL", -10)
    url, table = checked(page, team, f"http://127.0.0.1:{silent_port}")
    assert "Not probed" in table and "Waiting for" not in table
    page.post(url, {"row": ["0"]})
    assert team.endpoints.count() == 1


def test_a_list_that_can_not_be_read_comes_back_as_it_was_typed(page, team):
    response = page.post(LIST, {"text": "url,attic\ngpu-1,x", "team": team.pk})
    assert response.status_code == 422
    assert "The column “attic” is not known" in text(response) and "gpu-1,x</textarea>" in text(response)


def test_a_list_that_is_not_kept_any_more_comes_back_to_be_checked_again(page, team):
    url, _ = checked(page, team, "a http://localhost:1")
    cache.clear()
    response = page.post(url, {"row": ["0"], "url": ["http://localhost:1"], "named": ["a"]})
    assert "kept for an hour and is gone" in text(response) and "a http://localhost:1</textarea>" in text(response)
    assert page.get(url).status_code == 404


def test_a_name_that_is_too_long_can_be_shortened_in_its_row(page, team):
    url, table = checked(page, team, f"{'n' * 81} http://localhost:1")
    assert "A name has at most 80 characters" in table and 'name="name-0"' in table
    assert page.post(url, {"row": ["0"]}).status_code == 422 and not Endpoint.objects.exists()
    page.post(url, {"row": ["0"], "name-0": "short"})
    assert Endpoint.objects.get().name == "short"


def test_a_list_comes_back_to_be_changed_without_its_keys(page, team):
    typed = 'name,url,tags,api_key\na,http://localhost:1,"x,y",sk-1\n,ftp://gpu-1,,'
    url, table = checked(page, team, typed)
    key = url.rstrip("/").rpartition("/")[2]
    assert f'href="{LIST}?list={key}"' in table
    form = page.get(f"{LIST}?list={key}").content.decode()
    assert "name,url,tags\na,http://localhost:1,&quot;x,y&quot;\n,ftp://gpu-1,\n</textarea>" in form
    assert "sk-1" not in form and "Keys are not shown again" in form


def test_a_list_is_for_who_pasted_it_alone(client, page, team, bob):
    url, _ = checked(page, team, "http://localhost:1")
    key = url.rstrip("/").rpartition("/")[2]
    client.force_login(bob)
    assert "localhost:1" not in text(client.get(f"{LIST}?list={key}"))
    assert client.get(url).status_code == 404
    client.post(url, {"row": ["0"]})
    assert not Endpoint.objects.exists()


def test_who_may_no_longer_write_to_the_team_adds_nothing(page, alice, team):
    url, _ = checked(page, team, "http://localhost:1")
    other = Team.objects.create(name="Platform", slug="platform")
    Membership.objects.filter(user=alice).update(team=other)
    page.post(url, {"row": ["0"]})
    assert not Endpoint.objects.exists()


def test_nothing_is_probed_for_who_is_an_operator_of_no_team(client, charlie, team, ollama):
    client.force_login(charlie)
    assert "You are an operator of no team" in text(client.get(LIST))
    assert client.post(LIST, {"text": ollama.url, "team": team.pk}).status_code == 403
    assert not ollama.requests


def test_only_a_few_lists_a_minute_are_probed(page, team):
    for _ in range(batch.A_MINUTE):
        checked(page, team, "http://localhost:1")
    response = page.post(LIST, {"text": "http://localhost:1", "team": team.pk})
    assert "That is enough for now" in text(response) and "http://localhost:1</textarea>" in text(response)
