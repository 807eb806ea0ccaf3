"""Adding, checking, editing, pausing and removing, as people do it in the pages."""

import pytest
from django.contrib.auth.models import User

from fleet import endpoints
from fleet.models import Endpoint
from teams.models import Membership, Role, Team
from tests.fake_engine import FakeEngine
from tests.html import flat

pytestmark = pytest.mark.usefixtures("valkey")

FORM = {
    "interval": 30, "timeout": 5, "fail_after": 3, "recover_after": 2, "fail_of": 0, "fail_for": 0, "canary_every": 600
}  # fmt: skip
HTMX = {"HX-Request": "true"}


@pytest.fixture
def other_team(db) -> Team:
    return Team.objects.create(name="Platform", slug="platform")


@pytest.fixture
def page(client, alice):
    """A signed-in Alice's browser."""
    client.force_login(alice)
    return client


def text(response) -> str:
    return flat(response.content.decode())


def test_an_endpoint_is_added_with_what_was_typed(page, team):
    typed = {**FORM, "url": "http://gpu-1:8000/v1/", "name": "gpu-1", "team": team.pk, "api_key": "sk-1",
             "engine": "vllm", "interval": 15, "expected_models": "qwen3-8b\n\n sql-lora \nqwen3-8b"}  # fmt: skip
    response = page.post("/endpoints/add/", typed)
    added = Endpoint.objects.get()
    assert response.url == added.get_absolute_url()
    assert (added.url, added.api_key, added.engine, added.interval) == ("http://gpu-1:8000", "sk-1", "vllm", 15)
    assert added.expected_models == ["qwen3-8b", "sql-lora"]


def test_what_decides_is_set_on_the_form_and_shown_again(page, team):
    proxy = endpoints.add(team, name="proxy", url="http://p:80")
    typed = {**FORM, "url": "http://gpu-1:8000", "name": "gpu-1", "fail_of": 5, "fail_for": 60, "slow_after": 800,
             "start_within": 0, "depends_on": proxy.pk, "canary_models": "a\nb\n"}  # fmt: skip
    page.post("/endpoints/add/", {**typed, "team": team.pk})
    added = Endpoint.objects.get(name="gpu-1")
    assert (added.fail_of, added.fail_for, added.slow_after, added.start_within) == (5, 60, 800, 0)
    assert (added.depends_on, added.canary_models) == (proxy, ["a", "b"])
    shown = text(page.get(f"/endpoints/{added.pk}/edit/"))
    assert f'<option value="{proxy.pk}" selected>proxy</option>' in shown and ">gpu-1</option>" not in shown
    assert 'value="800"' in shown
    page.post(f"/endpoints/{added.pk}/edit/", {**typed, "slow_after": "", "start_within": "", "depends_on": ""})
    added.refresh_from_db()
    assert (added.slow_after, added.start_within, added.depends_on) == (None, None, None)


def test_a_dependency_outside_the_team_or_in_a_circle_is_refused_in_words(page, team):
    first = endpoints.add(team, name="a", url="http://a:80")
    second = endpoints.add(team, name="b", url="http://b:80", depends_on=first)
    foreign = endpoints.add(Team.objects.create(name="Others", slug="others"), name="t", url="http://t:80")
    typed = {**FORM, "url": "http://a:80", "name": "a"}
    circle = page.post(f"/endpoints/{first.pk}/edit/", {**typed, "depends_on": second.pk})
    assert "It would depend on itself (a on b on a)." in text(circle)
    outside = page.post(f"/endpoints/{first.pk}/edit/", {**typed, "depends_on": foreign.pk})
    assert "Choose another endpoint of the team." in text(outside)


def test_without_a_name_host_and_port_make_one(page, team):
    page.post("/endpoints/add/", {**FORM, "url": "http://gpu-1:8000", "team": team.pk})
    assert Endpoint.objects.get().name == endpoints.suggested_name("http://gpu-1:8000")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Write the address of the server"),
        ("gpu-1 http", "space"),
        ("ftp://gpu-1", "Only http:// and https://"),
        ("http://:secret@gpu-1", "Leave user name and password out"),
        ("http://0.0.0.0:8000/v1", "write 127.0.0.1 or the machine"),
        ("http://gpu 1", "space"),
        ("http://gpu-1/" + "a" * 600, "at most 500"),
    ],
)
def test_a_bad_address_gets_its_sentence_and_nothing_typed_is_lost(page, team, url, sentence):
    response = page.post("/endpoints/add/", {**FORM, "url": url, "name": "my name", "team": team.pk})
    assert response.status_code == 422
    assert sentence in text(response) and 'value="my name"' in text(response)
    assert not Endpoint.objects.exists()


def test_folded_fields_show_what_they_are_set_to(page, team):
    proxy = endpoints.add(team, name="proxy", url="http://p:80")
    changed = endpoints.add(
        team, name="gpu-1", url="http://gpu-1:8000", api_key="sk-1", engine="vllm", expected_models=["a", "b"],
        interval=15, slow_after=800, fail_of=5, recover_after=1, canary_models=["a"], depends_on=proxy,
    )  # fmt: skip
    new, edited = text(page.get("/endpoints/add/")), text(page.get(f"/endpoints/{changed.pk}/edit/"))
    begins = ["no key", "engine found out<", "every 30 s; timeout by the interval", "off<"]
    begins.append("3 failed probes in a row; up after 2 good ones")
    stands = ["key stored", "vLLM; models expected: 2", "every 15 s; timeout by the interval; slow from 800 ms"]
    stands += ["3 failed probes of 5; up after 1 good one; depends on another", "models asked: 1; every 600 s"]
    assert all(part in new for part in begins) and all(part in edited for part in stands)
    assert "sk-1" not in edited


def test_the_first_button_which_enter_presses_checks_and_saves_nothing(page, team, ollama):
    form = text(page.get("/endpoints/add/")).partition('<form class="form"')[2]
    first = form.partition('type="submit"')[2].partition(">")[0]
    assert 'formaction="/endpoints/check/"' in first
    assert "Ollama 0.30.1 answers" in text(page.post("/endpoints/check/", {**FORM, "url": ollama.url, "team": team.pk}))
    assert not Endpoint.objects.exists()


def test_a_duplicate_says_who_watches_it_already(page, team):
    endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    response = page.post("/endpoints/add/", {**FORM, "url": "http://GPU-1:8000/", "name": "again", "team": team.pk})
    assert "gpu-1 of Search already watches this URL" in text(response)


@pytest.mark.parametrize(("field", "value"), [("interval", "1"), ("timeout", "x"), ("fail_after", "")])
def test_a_bad_number_opens_the_folded_part_and_names_the_limits(page, team, field, value):
    response = page.post("/endpoints/add/", {**FORM, "url": "http://gpu-1", "team": team.pk, field: value})
    assert "Enter a number from" in text(response) and '<details class="more" open>' in text(response)


def test_an_empty_timeout_follows_the_interval(page, team):
    assert 'name="timeout" value' not in text(page.get("/endpoints/add/"))
    page.post("/endpoints/add/", {**FORM, "url": "http://gpu-1", "team": team.pk, "interval": 5, "timeout": ""})
    endpoint = Endpoint.objects.get()
    assert endpoint.timeout == 4.0 and 'name="timeout" value' not in text(page.get(f"/endpoints/{endpoint.pk}/edit/"))
    page.post(f"/endpoints/{endpoint.pk}/edit/", {**FORM, "url": endpoint.url, "name": "gpu-1", "timeout": 12})
    assert 'name="timeout" value="12' in text(page.get(f"/endpoints/{endpoint.pk}/edit/"))


def test_one_can_add_only_to_ones_own_teams(page, other_team):
    response = page.post("/endpoints/add/", {**FORM, "url": "http://gpu-1", "team": other_team.pk})
    assert "Choose one of your teams" in text(response)
    assert not Endpoint.objects.exists()


def test_the_form_begins_with_the_team_of_the_filter_or_ones_own(client, team, other_team):
    root = User.objects.create_superuser("root", "root@example.org", "a long password")
    client.force_login(root)
    assert '<option value="" selected>Choose a team</option>' in text(client.get("/endpoints/add/"))
    Membership.objects.create(user=root, team=team, role=Role.OWNER)
    assert f'<option value="{team.pk}" selected>' in text(client.get("/endpoints/add/"))
    endpoints.add(team, name="a", url="http://a")
    assert 'href="/endpoints/add/?team=platform"' in text(client.get("/?team=platform"))
    assert f'<option value="{other_team.pk}" selected>' in text(client.get("/endpoints/add/?team=platform"))


def test_checking_shows_engine_proof_version_and_models_before_saving(page, team, ollama):
    response = page.post(
        "/endpoints/check/", {**FORM, "url": ollama.url, "team": team.pk, "api_key": "sk-1"}, headers=HTMX
    )
    assert all(word in text(response) for word in ("Ollama 0.30.1 answers", "Ollama is running", "qwen3:8b"))
    assert "<html" not in text(response)
    assert not Endpoint.objects.exists()


def test_what_a_check_found_is_known_of_the_new_endpoint_at_once(page, team, ollama):
    typed = {**FORM, "url": ollama.url, "team": team.pk}
    page.post("/endpoints/check/", typed, headers=HTMX)
    page.post("/endpoints/add/", typed)
    state = Endpoint.objects.get().state
    assert (state.engine, state.known().version, state.status) == ("ollama", "0.30.1", "unknown")
    assert "Ollama 0.30.1" in text(page.get(state.endpoint.get_absolute_url()))


def test_what_a_check_found_is_nothing_for_another_pinned_engine_or_person(client, page, team, bob, ollama):
    typed = {**FORM, "url": ollama.url, "team": team.pk}
    page.post("/endpoints/check/", typed, headers=HTMX)
    page.post("/endpoints/add/", {**typed, "engine": "vllm"})
    assert Endpoint.objects.get().state.engine == ""
    endpoints.remove(Endpoint.objects.get())
    client.force_login(bob)
    client.post("/endpoints/add/", typed)
    assert Endpoint.objects.get().state.engine == ""


def test_checking_uses_the_key_that_was_typed_and_says_when_it_is_refused(page, team):
    with FakeEngine("vllm") as vllm:
        vllm.api_key = "sk-1"
        typed = {**FORM, "url": vllm.url, "team": team.pk}
        assert "wants an API key" in text(page.post("/endpoints/check/", typed, headers=HTMX))
        assert "wants an API key" not in text(
            page.post("/endpoints/check/", {**typed, "api_key": "sk-1"}, headers=HTMX)
        )


def test_checking_names_the_broken_step_and_what_to_try(page, team):
    response = page.post("/endpoints/check/", {**FORM, "url": "http://localhost:1", "team": team.pk}, headers=HTMX)
    shown = text(response)
    assert all(word in shown for word in ("No answer", "failed", "Start the server", "not reached"))
    assert "it will show as down until it answers" in shown


def test_checking_an_address_that_is_never_called_promises_no_answer(page, team):
    typed = {**FORM, "url": "http://169.254.169.254", "team": team.pk}
    shown = text(page.post("/endpoints/check/", typed, headers=HTMX))
    assert "may not be called" in shown and "until it answers" not in shown


def test_checking_a_bad_address_says_so_and_an_empty_one_nothing(page, team):
    assert "Only http://" in text(page.post("/endpoints/check/", {"url": "ftp://gpu-1"}, headers=HTMX))
    assert text(page.post("/endpoints/check/", {"url": ""}, headers=HTMX)).strip() == ""


def test_a_twin_in_another_team_is_only_a_warning(page, team, other_team, ollama):
    endpoints.add(other_team, name="theirs", url=ollama.url)
    typed = {**FORM, "url": ollama.url, "team": team.pk}
    response = page.post("/endpoints/check/", typed, headers=HTMX)
    assert "theirs</a> of Platform already watches this address" in text(response)
    assert page.post("/endpoints/add/", typed).status_code == 302


def test_without_javascript_the_check_gives_the_form_back_with_all_but_the_key(page, team, ollama):
    typed = {**FORM, "url": ollama.url, "name": "mine", "team": team.pk, "api_key": "sk-secret", "interval": 77}
    response = page.post("/endpoints/check/", typed)
    assert all(
        word in text(response) for word in ("Ollama 0.30.1 answers", 'value="mine"', 'value="77"', "Type it again")
    )
    assert "sk-secret" not in text(response)


@pytest.mark.parametrize(
    "pasted",
    [
        "curl {0}/v1/models -H 'Authorization: Bearer sk-secret'",
        "curl {0}/v1/chat/completions \\  -H \"Authorization: Bearer sk-secret\" -d '{{}}'",
    ],
)
def test_a_curl_command_brings_its_address_and_key(page, team, pasted):
    with FakeEngine("vllm") as vllm:
        vllm.api_key = "sk-secret"
        typed = {**FORM, "url": pasted.format(vllm.url), "name": "mine", "team": team.pk}
        found = text(page.post("/endpoints/check/", typed))
        assert "vLLM" in found and "sk-secret" not in found and "Type it again" in found
        in_place = text(page.post("/endpoints/check/", typed, headers=HTMX))
        assert (
            "API key in what you pasted went along, and will be saved" in in_place and ">key typed</span>" in in_place
        )
        page.post("/endpoints/add/", typed)
        assert Endpoint.objects.values_list("url", "api_key", "username").get() == (vllm.url, "sk-secret", "")


def test_user_name_and_password_of_an_address_go_into_their_fields(page, team):
    with FakeEngine("ollama") as ollama:
        ollama.login = "bob:s3cret pw"
        typed = {**FORM, "url": ollama.url.replace("//", "//bob:s3cret%20pw@"), "team": team.pk, "interval": "x"}
        found = text(page.post("/endpoints/add/", typed))
        assert 'value="bob"' in found and "s3cret" not in found
        page.post("/endpoints/add/", {**typed, "interval": 30})
        added = Endpoint.objects.get()
        assert (added.url, added.username, added.api_key) == (ollama.url, "bob", "s3cret pw")
        assert "basic auth as bob" in text(page.get(f"/endpoints/{added.pk}/"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"api_key": "$MY_KEY"}, "name of a variable"),
        ({"api_key": "sk-abc..."}, "shortened"),
        ({"username": "bob:pw"}, "no colon"),
        ({"url": "curl http://gpu-1/v1 -H 'Authorization: Bearer $MY_KEY'"}, "name of a variable"),
    ],
)
def test_what_cannot_be_a_key_is_said_at_once_by_check_and_save(page, team, typed, sentence):
    typed = {**FORM, "url": "http://127.0.0.1:1", "team": team.pk, **typed}
    assert sentence in text(page.post("/endpoints/check/", typed, headers=HTMX))
    response = page.post("/endpoints/add/", typed)
    assert response.status_code == 422 and sentence in text(response)


def test_an_address_that_is_stored_stays_though_it_looks_like_a_route(page, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    Endpoint.objects.update(url="http://gpu-1:8000/api")
    page.post(f"/endpoints/{endpoint.pk}/edit/", {**FORM, "url": "http://gpu-1:8000/api", "name": "renamed"})
    assert Endpoint.objects.values_list("name", "url").get() == ("renamed", "http://gpu-1:8000/api")


def test_an_empty_key_field_keeps_the_stored_key_and_the_box_forgets_it(page, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", api_key="sk-1")
    url = f"/endpoints/{endpoint.pk}/edit/"
    assert "sk-1" not in text(page.get(url))
    typed = {**FORM, "url": endpoint.url, "name": "renamed"}
    page.post(url, typed)
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.api_key) == ("renamed", "sk-1")
    page.post(url, {**typed, "forget_key": "on"})
    endpoint.refresh_from_db()
    assert endpoint.api_key == ""


def test_pausing_and_resuming_move_the_due_time(page, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    page.post(f"/endpoints/{endpoint.pk}/pause/")
    endpoint = Endpoint.objects.get()
    assert endpoint.paused and endpoint.state.due_at is None
    assert "Resume" in text(page.get(endpoint.get_absolute_url()))
    page.post(f"/endpoints/{endpoint.pk}/resume/")
    assert not Endpoint.objects.get().paused


def test_removing_asks_first(page, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    asked = text(page.get(f"/endpoints/{endpoint.pk}/remove/"))
    assert "This can't be undone" in asked and f"/endpoints/{endpoint.pk}/series.csv?range=90d" in asked
    assert page.get(f"/endpoints/{endpoint.pk}/series.csv?range=90d").status_code == 200
    assert Endpoint.objects.exists()
    page.post(f"/endpoints/{endpoint.pk}/remove/")
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("action", ["edit", "pause", "resume", "probe", "remove"])
def test_what_belongs_to_another_team_cannot_be_touched_but_seen(page, other_team, action):
    endpoint = endpoints.add(other_team, name="theirs", url="http://gpu-9")
    assert page.post(f"/endpoints/{endpoint.pk}/{action}/", {**FORM, "url": "http://x", "name": "x"}).status_code == 404
    shown = page.get(endpoint.get_absolute_url())
    assert shown.status_code == 200 and f"/{action}/" not in text(shown)
    assert Endpoint.objects.get().name == "theirs"


@pytest.mark.parametrize("action", ["resume", "probe"])
def test_actions_are_not_for_links(page, team, action):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    assert page.get(f"/endpoints/{endpoint.pk}/{action}/").status_code == 405


def test_who_is_in_no_team_reads_so(client, charlie):
    client.force_login(charlie)
    assert "You are an operator of no team" in text(client.get("/endpoints/add/"))


def test_strangers_are_sent_to_sign_in(client, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    for url in (endpoint.get_absolute_url(), "/endpoints/add/", "/models/", "/incidents/", "/alerts/"):
        response = client.get(url)
        assert response.status_code == 302 and "/accounts/login/" in response.url
