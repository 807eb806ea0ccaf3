"""The pure parts of the pages: snippets, the ladder, load figures."""

import base64
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from fleet.display.ladder import climb
from fleet.display.load_figures import figures
from fleet.display.snippets import pick_model, snippets
from fleet.engines.reading import Load, Model
from fleet.queries.terminal import load_in_words
from fleet.templatetags.plimsoll import clock, with_times

CHAT = Model("qwen3:8b", capabilities=("completion", "tools"), loaded=False)
LOADED = Model("gemma3:12b", capabilities=("completion",), loaded=True)
EMBEDDER = Model("nomic-embed-text", capabilities=("embedding",), loaded=True)
CLOUD = Model("gpt-oss:cloud", capabilities=("completion",), loaded=True, remote_host="https://ollama.com")


def by_key(*args):
    return {snippet.key: snippet.text for snippet in snippets(*args)}


def test_the_model_shown_chats_is_local_and_loaded_if_there_is_one():
    assert pick_model([EMBEDDER, CLOUD, CHAT, LOADED]) is LOADED
    assert pick_model([EMBEDDER, CLOUD, CHAT]) is CHAT
    assert pick_model([EMBEDDER, CLOUD]) is CLOUD
    assert pick_model([]) is None


def test_without_a_key_no_snippet_mentions_one_to_set():
    texts = by_key("http://gpu-1:11434", "ollama", [CHAT], False)
    assert "API_KEY" not in texts["curl"] + texts["python"]
    assert "http://gpu-1:11434/v1/chat/completions" in texts["curl"]
    assert texts["env"].splitlines() == [
        "OPENAI_BASE_URL=http://gpu-1:11434/v1", "OPENAI_API_KEY=not-needed", "OPENAI_MODEL=qwen3:8b"
    ]  # fmt: skip


def test_with_a_key_every_snippet_reads_it_from_the_environment():
    texts = by_key("http://gpu-1:8000", "vllm", [CHAT], True)
    assert "$API_KEY" in texts["curl"] and 'os.environ["API_KEY"]' in texts["python"] and "$API_KEY" in texts["env"]


@pytest.mark.parametrize("username", ["bob", 'o\'hara "b" $(reboot)', "bób"])
def test_with_a_user_name_curl_and_python_send_basic_auth(username):
    texts = by_key("http://gpu-1:8000", "vllm", [CHAT], True, username)
    assert "API_KEY]" not in texts["python"] and "Bearer" not in texts["curl"] and "not-needed" in texts["env"]
    shell = f'curl() {{ printf %s "$3"; }}\nPASSWORD="a b"\n{texts["curl"]}'
    assert subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout == f"{username}:a b"
    names: dict[str, object] = {}
    login = texts["python"].partition("client =")[0].replace("from openai import OpenAI", "")
    exec(login.replace("import os", "import types\nos = types.SimpleNamespace(environ={'PASSWORD': 'a b'})"), names)
    sent = base64.b64encode(f"{username}:a b".encode()).decode()
    assert names["headers"] == {"Authorization": f"Basic {sent}"}


def test_a_server_of_embeddings_gets_snippets_for_embeddings():
    texts = by_key("http://gpu-1:8000", "vllm", [EMBEDDER], False)
    assert "/v1/embeddings" in texts["curl"] and "client.embeddings.create" in texts["python"]


def test_open_webui_has_its_openai_routes_elsewhere():
    assert "http://chat:8080/api/chat/completions" in by_key("http://chat:8080", "open_webui", [CHAT], False)["curl"]


@pytest.mark.parametrize("name", ['it\'s "odd"', "a b;$(reboot)", "naïve/模型"])
def test_odd_model_names_survive_the_shell_and_python(name):
    texts = by_key("http://gpu-1:8000", "vllm", [Model(name)], False)
    compile(texts["python"], "snippet", "exec")
    shell = texts["env"] + '\nprintf %s "$OPENAI_MODEL"'
    assert subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout == name
    curl = f'curl() {{ "{sys.executable}" -c "import json,sys; print(json.loads(sys.argv[-1])[\'model\'])" "$@"; }}\n'
    said = subprocess.run(["bash", "-c", curl + texts["curl"]], capture_output=True, text=True, check=True).stdout
    assert said.strip() == name


def exchange(step, **times):
    return {"step": step, "request": f"GET /{step}", **times}


def test_the_broken_step_is_named_and_what_comes_after_it_was_not_reached():
    rungs = climb([exchange("health", dns_ms=1, connect_ms=2, total_ms=9, error="server_error")], "health", "It broke.")
    assert [r.outcome for r in rungs] == ["ok", "skipped", "failed", "not reached", "not reached"]
    assert (rungs[0].ms, rungs[2].why, rungs[3].why) == (3, "It broke.", "")


def test_a_good_probe_shows_the_time_of_each_step():
    rungs = climb(
        [exchange("health", connect_ms=2, total_ms=9), exchange("load", total_ms=4), exchange("load", total_ms=3)]
    )
    assert [(r.outcome, r.ms) for r in rungs] == [
        ("ok", 2), ("skipped", None), ("ok", 9), ("skipped", None), ("ok", 7)
    ]  # fmt: skip


def test_a_refused_connection_breaks_the_first_rung():
    rungs = climb([exchange("connect", total_ms=0.2, error="connection_refused")], "connect", "Refused.")
    assert [r.outcome for r in rungs] == ["failed", *["not reached"] * 4]


def test_the_canary_is_a_rung_where_one_was_asked():
    asked = [exchange("health", total_ms=9), exchange("canary", total_ms=30)]
    assert [(r.step, r.outcome, r.ms) for r in climb(asked)][-1] == ("canary", "ok", 30)
    assert [(r.step, r.outcome) for r in climb(asked, "canary", "No token.")][-1] == ("canary", "failed")
    assert [r.step for r in climb(asked[:1])][-1] == "load"


def test_before_the_first_probe_there_is_no_ladder():
    assert climb([]) == []


def test_load_figures_carry_the_engines_own_names_and_leave_out_what_is_unknown():
    load = Load(running=3, waiting=2, waiting_by_reason={"capacity": 2}, kv_cache_usage=0.256, generation_tokens=131072)
    assert [(f.name, f.value) for f in figures("vllm", load)] == [
        ("vllm:num_requests_running", "3"),
        ("vllm:num_requests_waiting", "2"),
        ('vllm:num_requests_waiting_by_reason{reason="capacity"}', "2"),
        ("vllm:kv_cache_usage_perc", "25.6 %"),
        ("vllm:generation_tokens_total", "131\u202f072"),
    ]


def test_deferred_requests_are_shown_apart_and_are_part_of_the_engines_own_figure():
    load = Load(waiting=2, deferred=3, waiting_by_reason={"capacity": 2, "deferred": 3})
    assert [(f.name, f.value) for f in figures("vllm", load)] == [
        ("vllm:num_requests_waiting", "5"),
        ('vllm:num_requests_waiting_by_reason{reason="capacity"}', "2"),
        ('vllm:num_requests_waiting_by_reason{reason="deferred"}', "3"),
    ]
    assert load_in_words(load) == "2 waiting, 3 deferred"


def test_the_prefix_cache_hit_rate_is_worked_out():
    found = figures("vllm", Load(prefix_cache_queries=400, prefix_cache_hits=100))
    assert ("hit rate", "25 %") in [(f.name, f.value) for f in found]
    assert figures("vllm", Load()) == []


def test_moments_in_a_sentence_are_times_of_the_page_and_all_else_is_text():
    shown = with_times("Acknowledged until 2026-11-22T14:30Z. <b>2026-99-22T14:30Z</b>")
    assert re.fullmatch(
        r'Acknowledged until <time datetime="2026-11-22T14:30:00Z" title="[^"]+" data-form="clock">[^<]+</time>\. '
        r"&lt;b&gt;2026-99-22T14:30Z&lt;/b&gt;",
        shown,
    )


@pytest.mark.parametrize(
    ("at", "form", "shown"),
    [
        (datetime(2026, 11, 22, 14, 31, tzinfo=UTC), "clock", "14:31 UTC"),
        (datetime(2026, 11, 22, 14, 31, tzinfo=UTC), "dated", "22 Nov, 14:31 UTC"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "exact", "2 Jan, 03:04:05 UTC"),
        (datetime(2025, 11, 22, 14, 31, tzinfo=UTC), "clock", "22 Nov 2025, 14:31 UTC"),
        (datetime(2027, 1, 2, 3, 4, tzinfo=UTC), "dated", "2 Jan 2027, 03:04 UTC"),
    ],
)
def test_a_time_has_its_day_but_for_today_and_its_year_when_that_is_another(at, form, shown):
    with time_machine.travel(datetime(2026, 11, 22, 20, tzinfo=UTC)):
        assert f">{shown}</time>" in clock(at, form)


def test_only_parts_that_are_redrawn_count_how_long_something_has_lasted():
    live = {"_availability_rows", "_incident_now", "_lasted_so_far", "_now", "_row", "wall"}
    folder = Path(__file__).resolve().parents[2] / "templates"
    counts = re.compile(r"{% (since [^%]+|status_mark \S+ \S+) %}")
    assert {path.stem for path in folder.rglob("*.html") if counts.search(path.read_text())} == live
