"""The result: what it shows as it opens, its closed sections, and the golden cases alike on page, Markdown and JSON."""

import re
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import urlencode

import pytest

from advisor import catalogue, words
from advisor.next_steps import plans, review_on
from advisor.queries.fitting import ENGINES
from advisor.recommendation import recommend
from advisor.recommendation.values import OUTCOMES as ALL_OUTCOMES
from fleet import endpoints
from fleet.models import EndpointState
from teams.models import Team
from tests.advisor import golden, opened
from tests.html import flat

ORDER = ("verdict", "share", "reasons", "first", "lists", "limits", "changes", "next", "facts", "silent", "answers")
WORDS = 700
"""What a result may show before a section is opened."""


def result_of(client, case: str, form: str = "") -> str:
    path = {"": "/advisor/result/", "md": "/advisor/result.md", "json": "/advisor/result.json"}[form]
    return f"{path}?{urlencode(golden.answers(case), doseq=True)}"


def html_of(client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return flat(unescape(response.content.decode()))


@pytest.mark.parametrize("case", golden.CASES)
def test_page_markdown_and_json_show_the_same_result(client, db, case):
    headline = words.headline(recommend(golden.answers(case), catalogue.load()))
    html = html_of(client, result_of(client, case))
    data = client.get(result_of(client, case, "json")).json()
    markdown = client.get(result_of(client, case, "md")).content.decode()
    assert f"<h1>{headline}</h1>" in html
    assert headline in markdown
    assert data["outcome"] == golden.OUTCOMES[case]
    strength = data["strength"]
    assert strength == golden.STRENGTHS.get(case, strength)
    assert f"chip-{strength}" in html and strength in markdown.lower()


@pytest.mark.parametrize(
    ("case", "said"), [("GC-03", "Nothing to check."), ("GC-05", "Which of the ways out you take.")]
)
def test_what_to_check_first_is_written_also_where_it_is_nothing(client, db, case, said):
    html = html_of(client, result_of(client, case))
    assert f"Check first</h2><p>{said} Every question that applies is answered.</p>" in re.sub(
        r" ?(<[^>]+>) ?", r"\1", html
    )


@pytest.mark.parametrize("case", golden.CASES)
def test_both_lists_are_reported_item_by_item_as_in_the_json(client, db, case):
    html = html_of(client, result_of(client, case))
    lists = client.get(result_of(client, case, "json")).json()["lists"]
    found = dict(
        re.findall(r'<span class="id">([OV]\d)</span> [^<]+</a> <span class="visually-hidden">: ([^.]+)\.', html)
    )
    words_of = {True: "true", False: "not true", None: "not known"}
    assert found == {id: words_of[holds] for engine in ("ollama", "vllm") for id, holds in lists[engine].items()}


def test_the_verdict_its_reasons_and_what_to_check_come_before_the_closed_sections(client, db):
    html = html_of(client, result_of(client, "GC-03"))
    places = [html.index(f'id="{point}"') for point in ORDER]
    assert places == sorted(places)
    assert html.count('<details class="fold">') == 7


@pytest.mark.parametrize("query", [*golden.CASES, "goal=serving", "responses_state=required", ""])
def test_a_result_opens_with_less_than_700_words(client, alice, team, query):
    for number in range(12):
        _watched(team, f"box-{number}", f"http://10.0.4.{number}:11434", "ollama", "up", ["qwen3:8b"] * 8)
        _watched(team, f"gpu-{number}", f"http://10.0.5.{number}:8000", "vllm", "up", ["big"])
    client.force_login(alice)
    path = result_of(client, query) if query in golden.CASES else f"/advisor/result/?{query}"
    shown = opened.text(client.get(path).content.decode())
    assert 100 < len(shown.split()) < WORDS
    assert "curl" not in shown and "pip install" not in shown


def test_a_reason_is_the_answers_behind_it_in_plain_words(client, db):
    shown = opened.text(html_of(client, result_of(client, "GC-03")))
    assert "Because you said" in shown
    assert "Many callers, a product, several GPUs, many calls at once" in shown
    assert "Several GPUs for one service" not in shown


def test_only_the_answers_that_make_a_line_hold_are_its_reason(client, db):
    given = golden.answers("GC-03") | {"callers": "small_local", "accelerator": ["apple", "tpu"], "load": "some"}
    shown = opened.text(html_of(client, f"/advisor/result/?{urlencode(given, doseq=True)}"))
    assert "A product, an accelerator other than a GPU" in shown


def test_an_open_result_offers_the_next_question_and_no_decision(client, alice, team):
    assert "Recording a decision" not in client.get("/advisor/result/?goal=serving").content.decode()
    _watched(team, "box", "http://10.0.4.9:11434", "ollama", "up", ["qwen3:8b"])
    client.force_login(alice)
    shown = opened.text(html_of(client, "/advisor/result/?goal=serving"))
    assert "Answer the question that settles most" in shown
    assert "Record a decision" not in shown and "box" not in shown


def test_every_result_names_the_price_of_being_wrong(client, db):
    for case in golden.CASES:
        shown = opened.text(html_of(client, result_of(client, case)))
        assert "If this is wrong" in shown
    assert "vLLM does not start on native Windows" in opened.text(html_of(client, result_of(client, "GC-05")))


def test_the_head_names_date_catalogue_and_article(client, db, time_machine):
    time_machine.move_to(datetime(2026, 11, 22, 12, tzinfo=UTC))
    html = html_of(client, result_of(client, "GC-01"))
    assert "22 November 2026" in html
    assert f"catalogue {catalogue.load().version}" in html
    assert "partly dated 16 April 2026" in html
    assert "22 February 2027" in html  # the proposed date of the review


def test_only_a_conflict_has_two_columns_and_ways_out(client, db):
    html = html_of(client, result_of(client, "GC-05"))
    assert "What rules one out" in html and "What the other is too small for" in html
    advice = client.get(result_of(client, "GC-05", "json")).json()
    assert advice["outcome"] == "conflict"
    assert re.search(r"Ways out, fewest changes first</h2>\s*<ol><li>", html)
    assert "See the ways out" in html
    assert "What rules one out" not in html_of(client, result_of(client, "GC-03"))


def test_each_change_opens_the_form_with_that_answer_and_comes_to_what_it_says(client, db):
    html = html_of(client, result_of(client, "GC-04"))
    part = html[html.index('id="changes"') : html.index('id="next"')]
    links = re.findall(r'<a href="/advisor/\?([^"#]+)#q-\w+">[^<]+</a> <span class="strong">([^<]+), (\w+)<', part)
    assert links
    for query, engine, strength in links:
        data = client.get(f"/advisor/result.json?{query}").json()
        assert (words.ENGINES[data["outcome"]], data["strength"]) == (engine, strength)


def test_every_answer_has_a_change_link_that_keeps_the_others(client, db):
    html = html_of(client, result_of(client, "GC-01"))
    part = html[html.index('id="answers"') :]
    links = re.findall(r'<dd class="change"><a href="/advisor/\?([^"]+)#q-(\w+)">', part)
    assert [id for _, id in links] == [q.id for q in catalogue.load().questions if q.id != "linux_route"]
    assert all("goal=runtime" in query for query, _ in links)


def test_every_fact_says_whether_the_article_dates_it_and_when_it_was_checked(client, db):
    html = html_of(client, result_of(client, "GC-02"))
    part = html[html.index('id="facts"') : html.index('id="silent"')]
    facts = part.count("<li>")
    assert facts
    dated = r"(article: 2026-04-16|undated in the article) · checked 2026-11-28 in a copy of 2026-(08-21|11-02)"
    assert facts == len(re.findall(dated, part))
    found = client.get(result_of(client, "GC-02", "json")).json()["facts"]
    assert len(found) == facts
    assert {(fact["last_checked"], fact["copy_date"]) for fact in found} == {
        ("2026-11-28", "2026-08-21"),
        ("2026-11-28", "2026-11-02"),
    }


def test_empty_fields_of_a_submitted_form_are_dropped_from_the_link(client, db):
    response = client.get("/advisor/result/?goal=runtime&callers=&asked=&machines=mac")
    assert response.status_code == 302
    assert response["Location"] == "/advisor/result/?goal=runtime&machines=mac"


def test_unknown_ids_are_named_on_the_page_and_in_the_json(client, db):
    assert "There is no question 'colour'" in html_of(client, "/advisor/result/?colour=blue&goal=")
    assert "colour" in client.get("/advisor/result.json?colour=blue").json()["ignored"][0]


def test_a_stranger_is_asked_to_sign_in_before_recording_and_the_answers_are_kept(client, db):
    html = html_of(client, result_of(client, "GC-01"))
    assert "/decisions/new/" not in html
    assert "sign in</a>" in html and "next=/advisor/result/%3F" in html


def test_recording_a_decision_takes_the_answers_along(client, alice):
    client.force_login(alice)
    html = html_of(client, result_of(client, "GC-06"))
    link = re.search(r'href="(/decisions/new/\?[^"]+)"', html)
    assert link and "machines=mac&machines=linux_server" in link[1]
    assert client.get(link[1]).status_code == 200


@pytest.mark.parametrize("outcome", ALL_OUTCOMES)
def test_every_outcome_has_next_steps_and_knows_which_endpoints_fit(outcome):
    assert plans(outcome, {})
    assert outcome in ENGINES


@pytest.mark.parametrize(
    ("on", "again"),
    [
        (date(2026, 11, 22), date(2027, 2, 22)),
        (date(2026, 11, 30), date(2027, 2, 28)),
        (date(2026, 1, 31), date(2026, 4, 30)),
    ],
)
def test_the_review_is_proposed_for_three_months_later(on, again):
    assert review_on(on) == again


def test_commands_fit_what_was_answered():
    windows = _commands("ollama", {"machines": ("windows",), "callers": "me"})
    assert "install.ps1" in windows and "install.sh" not in windows and "OLLAMA_HOST" not in windows
    shared = _commands("ollama", {"machines": ("linux_pc",), "callers": "many"})
    assert "install.sh" in shared and "OLLAMA_NUM_PARALLEL" in shared and "proxy_pass" in shared
    assert "--tensor-parallel-size" in _commands("vllm", {"scaling": ("tensor_parallel",)})
    assert "--tensor-parallel-size" not in _commands("vllm", {"accelerator": "one_gpu", "scaling": ("none",)})


def _commands(outcome: str, answers) -> str:
    steps = [step for plan in plans(outcome, answers) for step in plan.steps]
    return "\n".join(command.text for step in steps for command in step.commands)


@pytest.mark.parametrize("outcome", ALL_OUTCOMES)
def test_python_snippets_are_valid_python(outcome):
    for plan in plans(outcome, {}):
        for step in plan.steps:
            for command in step.commands:
                if command.where.startswith("Python"):
                    compile(command.text, "snippet", "exec")


def test_working_endpoints_of_the_own_team_that_fit_are_named_three_at_most(client, alice, team):
    for name in ("box", "box-2", "box-3", "box-4", "box-5"):
        _watched(team, name, f"http://{name}:11434", "ollama", "up", ["qwen3:8b"])
    _watched(team, "gpu-1", "http://10.0.4.8:8000", "vllm", "up", ["big"])
    _watched(team, "attic", "http://10.0.4.7:11434", "ollama", "down", ["qwen3:8b"])
    _watched(Team.objects.create(name="Other", slug="other"), "theirs", "http://10.0.9.9:11434", "ollama", "up", [])
    client.force_login(alice)
    html = html_of(client, result_of(client, "GC-04"))
    part = html[html.index('id="first"') : html.index('id="lists"')]
    assert re.findall(r">([a-z\d-]+)</a> <span class=\"soft\">Ollama, qwen3:8b<", part) == ["box", "box-2", "box-3"]
    assert "2 more fit" in part
    assert not {"gpu-1", "attic", "theirs"} & set(re.findall(r">([a-z\d-]+)</a>", part))


def test_a_split_names_endpoints_of_both_engines(client, alice, team):
    for number in range(4):
        _watched(team, f"box-{number}", f"http://10.0.4.{number}:11434", "ollama", "up", ["qwen3:8b"])
    _watched(team, "gpu", "http://10.0.5.1:8000", "vllm", "busy", ["big"])
    client.force_login(alice)
    html = html_of(client, result_of(client, "GC-06"))
    part = html[html.index('id="first"') : html.index('id="lists"')]
    assert re.findall(r">([a-z\d-]+)</a> <span", part) == ["box-0", "gpu", "box-1"]


def test_strangers_see_no_endpoint(client, team):
    _watched(team, "box", "http://10.0.4.9:11434", "ollama", "up", ["qwen3:8b"])
    assert "10.0.4.9" not in html_of(client, result_of(client, "GC-04"))


def _watched(team: Team, name: str, url: str, engine: str, status: str, models: list[str]) -> None:
    endpoint = endpoints.add(team, name=name, url=url)
    facts = {"version": "1", "models": [{"name": model} for model in models]}
    EndpointState.objects.filter(endpoint=endpoint).update(engine=engine, status=status, facts=facts)


def test_an_endpoint_that_only_embeds_is_not_offered(client, alice, team):
    endpoint = endpoints.add(team, name="embed-a", url="http://10.0.5.2:8000")
    facts = {"models": [{"name": "bge-m3", "capabilities": ["embedding"]}]}
    EndpointState.objects.filter(endpoint=endpoint).update(status="up", cause="", engine="vllm", facts=facts)
    client.force_login(alice)
    assert "embed-a" not in html_of(client, result_of(client, "GC-03"))
    facts = {"models": [{"name": "bge-m3", "capabilities": ["embedding"]}, {"name": "qwen3-8b"}]}
    EndpointState.objects.filter(endpoint=endpoint).update(facts=facts)
    assert "embed-a" in html_of(client, result_of(client, "GC-03"))


def test_a_command_says_how_many_gpus_it_takes(client, db):
    both = {**golden.answers("GC-03"), "scaling": ["data_parallel", "tensor_parallel"]}
    found = html_of(client, f"/advisor/result/?{urlencode(both, doseq=True)}")
    assert "NVIDIA GPUs, 4 of them" in found and "--tensor-parallel-size 2" in found
    assert "of them" not in html_of(client, result_of(client, "GC-03"))
