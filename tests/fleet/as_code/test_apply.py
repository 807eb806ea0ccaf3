"""The fleet as code: manage.py apply."""

import logging
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from fleet.models import Endpoint, EndpointLoad, EndpointState
from teams.models import Team
from tests.broker import free_port

pytestmark = pytest.mark.django_db

WHOLE = """\
teams:
  - slug: search
    name: Search
    mail_to: [oncall@example.org]
    endpoints:
      - name: gpu-1
        url: http://10.0.0.5:8000
        engine: vllm            # optional, detected when absent
        interval: 15            # seconds, default 30
        timeout: 5
        api_key: ${GPU1_KEY}    # from the environment, never printed
        expected_models: [qwen3-8b]
      - {name: gpu-2, url: "http://10.0.0.6:11434/v1"}
"""
SHORT = "teams:\n- slug: search\n  endpoints:\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPU1_KEY", "s3cret-of-gpu1")
    return tmp_path / "fleet.yaml"


def run(file: Path, text: str | bytes, **options: bool) -> str:
    """Applies `text` and returns what was printed."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    out = StringIO()
    call_command("apply", str(file), stdout=out, **options)
    return out.getvalue()


def refused(file: Path, text: str | bytes, code: int = 1, **options: bool) -> str:
    """What is said about a file that is not taken; checks that nothing was changed."""
    before = stored()
    with pytest.raises(CommandError) as caught:
        run(file, text, **options)
    assert caught.value.returncode == code
    assert stored() == before
    return str(caught.value)


def stored() -> list[object]:
    fields = ("pk", "team__slug", "name", "url", "engine", "interval", "api_key", "expected_models")
    return [*Team.objects.values_list("slug", "name", "mail_to"), *Endpoint.objects.values_list(*fields)]


def endpoint(name: str) -> Endpoint:
    return Endpoint.objects.get(name=name)


def test_the_file_of_the_documentation_makes_a_team_with_its_endpoints(file):
    shown = run(file, WHOLE)
    team = Team.objects.get()
    assert (team.slug, team.name, team.mail_to) == ("search", "Search", ["oncall@example.org"])
    gpu = endpoint("gpu-1")
    assert (gpu.team, gpu.url, gpu.engine, gpu.interval, gpu.timeout) == (team, "http://10.0.0.5:8000", "vllm", 15, 5.0)
    assert (gpu.api_key, gpu.expected_models) == ("s3cret-of-gpu1", ["qwen3-8b"])
    assert (endpoint("gpu-2").url, endpoint("gpu-2").interval) == ("http://10.0.0.6:11434", 30)
    assert EndpointState.objects.filter(due_at__isnull=False).count() == 2
    assert "+ Search (search)" in shown and "+ gpu-1  http://10.0.0.5:8000" in shown
    assert "Teams: 1 added. Endpoints: 2 added." in shown


def test_without_a_timeout_it_follows_the_interval(file):
    run(file, SHORT + '  - {name: gpu-1, url: "http://gpu-1:8000", interval: 5}\n')
    assert (endpoint("gpu-1").interval, endpoint("gpu-1").timeout) == (5, 4.0)
    shown = run(file, SHORT + '  - {name: gpu-1, url: "http://gpu-1:8000", interval: 60, timeout: null}\n')
    assert endpoint("gpu-1").timeout == 5.0 and "timeout: 4 -> 5" in shown
    shown = refused(file, SHORT + '  - {name: gpu-1, url: "http://gpu-1:8000", interval: 5, timeout: 5}\n')
    assert "timeout has to be shorter than the interval of 5 s" in shown


def test_a_broker_that_is_away_is_one_warning_however_many_endpoints(
    file, settings, caplog, django_capture_on_commit_callbacks
):
    lines = "".join(f'  - {{name: gpu-{n}, url: "http://gpu-{n}:8000", interval: 15}}\n' for n in range(20))
    run(file, SHORT + lines)
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True) as callbacks:
        run(file, SHORT + lines.replace("15}", "30}"))
    assert len(callbacks) >= 20
    [warning] = caplog.messages
    assert "as when Plimsoll is not running: no live board was updated." in warning


def test_endpoints_that_are_new_or_unchanged_take_as_many_statements_however_many_they_are(
    file, django_assert_max_num_queries
):
    most = 100
    for count in (3, 30):
        Endpoint.objects.all().delete()
        lines = "".join(f'  - {{name: gpu-{n}, url: "http://gpu-{n}:8000"}}\n' for n in range(count))
        with django_assert_max_num_queries(most) as asked:
            run(file, SHORT + lines)
            run(file, SHORT + lines)
        assert Endpoint.objects.count() == count
        most = len(asked) if count == 3 else most


def test_a_second_run_finds_nothing_to_do(file):
    run(file, WHOLE)
    before = stored()
    shown = run(file, WHOLE)
    assert stored() == before
    assert "= 2 unchanged" in shown and "Teams: 1 unchanged. Endpoints: 2 unchanged." in shown


def test_a_changed_field_is_reported_with_before_and_after(file):
    run(file, WHOLE)
    shown = run(file, WHOLE.replace("interval: 15 ", "interval: 20 ").replace("oncall@", "night@"))
    assert "~ gpu-1\n      interval: 15 -> 20\n" in shown
    assert "~ Search (search)\n    mail_to: oncall@example.org -> night@example.org\n" in shown
    assert "= 1 unchanged" in shown
    assert endpoint("gpu-1").interval == 20


def test_a_field_that_is_left_out_goes_back_to_its_default(file):
    run(file, WHOLE)
    shown = run(file, SHORT + "  - {name: gpu-1, url: http://10.0.0.5:8000}\n")
    gpu = endpoint("gpu-1")
    assert (gpu.engine, gpu.interval, gpu.api_key, gpu.expected_models) == ("", 30, "", [])
    assert "api_key: removed" in shown and "expected_models: qwen3-8b -> none" in shown


def test_a_dry_run_shows_the_same_and_changes_nothing(file):
    shown = run(file, WHOLE, dry_run=True)
    assert stored() == []
    assert shown.replace(" This was a dry run: nothing was changed.", "") == run(file, WHOLE)


def test_a_user_name_is_shown_and_goes_with_its_password(file):
    text = "teams: [{slug: s, endpoints: [{name: a, url: http://a, username: %s, api_key: s3cret}]}]"
    run(file, text % "bob")
    assert (endpoint("a").username, endpoint("a").api_key) == ("bob", "s3cret")
    shown = run(file, text % "charlie")
    assert "username: bob -> charlie" in shown and "s3cret" not in shown
    assert "unchanged" in run(file, text % "charlie")


def test_a_key_is_never_printed(file, monkeypatch):
    shown = run(file, WHOLE)
    monkeypatch.setenv("GPU1_KEY", "another-secret")
    changed = run(file, WHOLE)
    assert "api_key: changed" in changed
    assert endpoint("gpu-1").api_key == "another-secret"
    assert "s3cret" not in shown + changed and "another" not in changed


def test_any_value_may_come_from_the_environment_and_is_shown_as_written(file, monkeypatch):
    monkeypatch.setenv("GPU_HOST", "10.9.9.9")
    text = SHORT + "  - {name: gpu-1, url: 'http://${GPU_HOST}:8000', expected_models: ['${GPU1_KEY}', b]}\n"
    shown = run(file, text)
    monkeypatch.setenv("GPU_HOST", "10.8.8.8")
    shown += run(file, text)
    assert endpoint("gpu-1").url == "http://10.8.8.8:8000"
    assert endpoint("gpu-1").expected_models == ["s3cret-of-gpu1", "b"]
    assert "url: changed, to http://${GPU_HOST}:8000" in shown
    assert "10.9.9.9" not in shown and "10.8.8.8" not in shown and "s3cret" not in shown


def test_what_a_variable_holds_is_not_searched_for_variables(file, monkeypatch):
    monkeypatch.setenv("GPU1_KEY", "k${HOME}")
    run(file, WHOLE)
    assert endpoint("gpu-1").api_key == "k${HOME}"


def test_nothing_is_removed_unless_asked_for(file):
    run(file, WHOLE)
    one = WHOLE[: WHOLE.index("      - {name: gpu-2")]
    shown = run(file, one)
    assert "gpu-2  http://10.0.0.6:11434  (would be removed with --prune)" in shown
    assert "- gpu-2" in run(file, one, prune=True, dry_run=True)
    assert Endpoint.objects.count() == 2
    assert "- gpu-2  http://10.0.0.6:11434\n" in run(file, one, prune=True)
    assert [e.name for e in Endpoint.objects.all()] == ["gpu-1"]


def test_pruning_spares_other_teams_and_teams_whose_endpoints_are_not_spoken_of(file):
    run(file, WHOLE)
    run(file, "teams: [{slug: other, endpoints: []}]", prune=True)
    run(file, "teams: [{slug: search}]", prune=True)
    assert Endpoint.objects.count() == 2
    run(file, "teams: [{slug: search, endpoints: []}]", prune=True)
    assert Endpoint.objects.count() == 0
    assert Team.objects.count() == 2


def test_a_renamed_endpoint_keeps_its_history(file):
    run(file, WHOLE)
    pk = endpoint("gpu-2").pk
    shown = run(file, WHOLE.replace("gpu-2", "gpu-two"), prune=True)
    assert endpoint("gpu-two").pk == pk
    assert "~ gpu-2\n      name: gpu-2 -> gpu-two" in shown


def test_two_endpoints_may_swap_their_urls(file):
    text = SHORT + "  - {name: a, url: http://one}\n  - {name: b, url: http://two}\n"
    run(file, text)
    run(file, text.replace("one", "x").replace("two", "one").replace("x}", "two}"))
    assert (endpoint("a").url, endpoint("b").url) == ("http://two", "http://one")


def test_an_address_that_needs_tidying_twice_is_the_same_in_the_second_run(file):
    text = SHORT + "  - {name: a, url: http://HOST/v1/v1/}\n"
    run(file, text)
    assert "1 unchanged" in run(file, text).splitlines()[-1]
    assert endpoint("a").url == "http://host"


def test_words_that_yaml_takes_for_other_things_stay_words(file):
    run(file, "teams: [{slug: no, name: 2026-01-01, endpoints: [{name: 12e3, url: http://a, api_key: 0123}]}]")
    assert (Team.objects.get().name, endpoint("12e3").api_key) == ("2026-01-01", "0123")


def test_mistakes_are_reported_and_change_nothing(file):
    run(file, WHOLE)
    shown = refused(file, WHOLE.replace("interval: 15", "interval: abc").replace("slug:", "slog:"), prune=True)
    assert shown.splitlines() == [
        "fleet.yaml line 2: teams[0].slog is not a key of this file: did you mean slug?",
        "fleet.yaml line 2: teams[0].slug is missing: add it.",
        "fleet.yaml line 9: teams[0].endpoints[0].interval is 'abc': give a whole number of seconds from 5 to 3600.",
        "Nothing was changed.",
    ]


def test_what_speaks_against_the_file_in_the_database_takes_all_back(file):
    run(file, WHOLE)
    Team.objects.create(slug="research", name="Research")
    moved = WHOLE[: WHOLE.index("      - {name: gpu-2")].replace("10.0.0.5:8000", "10.0.0.6:11434")
    shown = refused(file, moved + "  - {slug: other, name: RESEARCH}\n")
    assert "line 7: teams[0].endpoints[0].url: gpu-2 of Search already watches this URL." in shown
    assert "line 13: teams[1].name: another team has this name already" in shown


def test_a_file_that_can_t_be_read_is_a_sentence_and_exit_code_2(file):
    assert "is no UTF-8 text" in refused(file, b"\xff", code=2)
    file.unlink()
    with pytest.raises(CommandError, match="No such file") as caught:
        call_command("apply", str(file))
    assert caught.value.returncode == 2


def test_a_broker_that_is_away_changes_nothing(file, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "2 added" in run(file, WHOLE)
    assert Endpoint.objects.count() == 2


def test_the_help_shows_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        call_command("apply", "--help")
    assert "Exit code: 0 done" in capsys.readouterr().out


def test_a_database_without_tables_is_a_sentence(file, monkeypatch):
    monkeypatch.setattr(Team._meta, "db_table", "teams_nowhere")
    with pytest.raises(CommandError, match=r"The database can't be used: .* Run manage\.py migrate") as caught:
        run(file, WHOLE)
    assert caught.value.returncode == 2


DEPENDENT = """\
teams:
- slug: search
  endpoints:
  - {name: gpu-1, url: "http://g1:80", depends_on: Proxy, fail_of: 5, fail_for: 60, slow_after: 800,
     start_within: 0, canary_models: [a, b, a], canary_every: 900}
  - {name: proxy, url: "http://p:80"}
"""


def test_everything_about_deciding_can_be_set_and_a_dependency_may_come_later_in_the_file(file):
    run(file, DEPENDENT)
    gpu = Endpoint.objects.get(name="gpu-1")
    assert str(gpu.depends_on) == "proxy"
    assert (gpu.fail_of, gpu.fail_for, gpu.slow_after, gpu.start_within) == (5, 60, 800, 0)
    assert (gpu.canary_models, gpu.canary_every) == (["a", "b"], 900)
    assert "2 unchanged" in run(file, DEPENDENT)


def test_two_endpoints_swap_who_depends_on_whom_and_a_left_out_one_is_taken_away(file):
    lines = '  - {{name: a, url: "http://a:80"{}}}\n  - {{name: b, url: "http://b:80"{}}}\n'
    run(file, SHORT + lines.format(", depends_on: b", ""))
    shown = run(file, SHORT + lines.format("", ", depends_on: a"))
    assert "depends_on: b -> none" in shown and "depends_on: none -> a" in shown
    assert str(Endpoint.objects.get(name="b").depends_on) == "a"
    assert Endpoint.objects.get(name="a").depends_on is None


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("depends_on: c", "depends_on: null", "depends_on: the team has no endpoint named c."),
        ("depends_on: b", "depends_on: a", "depends_on: It would depend on itself (b on a on b)."),
        ("depends_on: a", "depends_on: null", "depends_on: It would depend on itself."),
        ("fail_of: 2", "fail_of: 0", "fail_of: Of fewer than 3 probes, 3 cannot fail."),
        ("slow_after: x", "fail_of: 0", "give a whole number of milliseconds from 1 to 60000"),
    ],
)
def test_what_cannot_be_decided_by_is_reported_with_its_line(file, first, second, shown):
    text = f'  - {{name: a, url: "http://a:80", {first}}}\n  - {{name: b, url: "http://b:80", {second}}}\n'
    assert shown in refused(file, SHORT + text)


LOADED = SHORT + "  - {{name: gpu-1, url: 'http://gpu-1:8000'{}}}\n"


def test_what_is_stated_of_the_load_is_stored_and_stays_where_it_is_left_out(file):
    run(file, LOADED.format(", load: {slots: 2, measure_waits: true, first_token: 2.5}"))
    own = EndpointLoad.objects.get()
    assert (own.slots, own.measures_waits, own.first_token, own.share) == (2, True, 2.5, None)
    assert own.slots_since is not None
    assert "=" in run(file, LOADED.format("")) and EndpointLoad.objects.get().slots == 2
    printed = run(file, LOADED.format(", load: {first_token: 5}"))
    assert "load.slots: 2 -> none" in printed and "load.first_token: 2.5 -> 5" in printed
    assert (own := EndpointLoad.objects.get()).slots is own.slots_since is None and not own.measures_waits


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        ("{slots: many}", "teams[0].endpoints[0].load.slots is 'many': give a whole number from 1 to 1000."),
        ("{slot: 2}", "teams[0].endpoints[0].load.slot is not a key of this file: did you mean slots?"),
        ("7", "teams[0].endpoints[0].load has to have keys, such as slots: …"),
    ],
)
def test_what_is_wrong_of_the_load_is_named(file, load, sentence):
    assert sentence in refused(file, LOADED.format(f", load: {load}"))
