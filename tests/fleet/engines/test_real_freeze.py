"""A real server whose engine process is frozen: alive, and unable to work.

PLIMSOLL_VLLM_URL and PLIMSOLL_VLLM_PID name a vLLM of our own and its server process, PLIMSOLL_OLLAMA_URL and
PLIMSOLL_OLLAMA_PID an Ollama; each offers the model "tiny". The process that does the work, a child of the server,
is stopped for up to a minute and goes on afterwards.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from fleet import endpoints
from fleet.models import Endpoint, EndpointState
from fleet.probing.claims import Claim, claim
from tests.fleet import recording as record

pytestmark = [pytest.mark.engines, pytest.mark.django_db]


def named(variable: str) -> str:
    return os.environ.get(variable) or pytest.skip(f"{variable} is not set")


def child(server: int, *words: str) -> int:
    """The process below `server` whose command line has one of these words."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if any(word in command for word in words) and server in ancestors(int(folder.name)):
            return int(folder.name)
    raise AssertionError(f"process {server} has no child like {words}")


def ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        stat = Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
        yield pid


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGCONT)


class Watch:
    """Probes an endpoint when it is due, as the dispatcher does, and says what came of it."""

    def __init__(self, endpoint: Endpoint, wait_for: Callable[..., None]) -> None:
        self.endpoint = endpoint
        self.wait_for = wait_for
        self.began = time.monotonic()

    @property
    def state(self) -> EndpointState:
        return EndpointState.objects.get(pk=self.endpoint.pk)

    def probe(self) -> EndpointState:
        due: list[Claim] = []
        self.wait_for(lambda: due.extend(claim(time.time())) or due, 30, "no probe became due")
        record.run(due[0].endpoint_id, due[0].due_at, int(time.time()) + 60)
        state = self.state
        passed = time.monotonic() - self.began
        print(f"{passed:6.1f} s: {state.status} {state.cause} {state.canary.get('detail', '')}")  # noqa: T201
        return state

    def canary_due(self) -> None:
        self.probe()  # it sees what the last canary moved, which would pass for traffic
        state = self.state
        EndpointState.objects.filter(pk=state.pk).update(canary={**state.canary, "at": 0, "skipped_at": 0})
        self.began = time.monotonic()


@pytest.fixture
def watch(team, wait_for):
    def begin(url: str, engine: str) -> Watch:
        made = endpoints.add(team, name="frozen", url=url, engine=engine, interval=5, timeout=3.0)
        Endpoint.objects.filter(pk=made.pk).update(canary_models=["tiny"])
        return Watch(made, wait_for)

    return begin


def test_a_vllm_with_a_frozen_engine_is_wedged_within_three_probes_and_recovers(watch) -> None:
    url, server = named("PLIMSOLL_VLLM_URL"), int(named("PLIMSOLL_VLLM_PID"))
    watched = watch(url, "vllm")
    assert (state := watched.probe()).status == "up" and state.canary["ok"] is True
    watched.canary_due()
    with frozen(child(server, "EngineCore")):
        probes = [watched.probe() for _ in range(3)]
        assert requests.get(f"{url}/health", timeout=5).status_code == 200
        assert probes[-1].load.get("running") == 0  # nothing to see in the metrics either
    assert [(s.status, s.cause) for s in probes] == [("up", ""), ("up", ""), ("down", "wedged")]
    watched.began = time.monotonic()
    assert [watched.probe().status for _ in range(2)] == ["down", "up"]


def test_an_ollama_whose_model_process_is_frozen_is_found_and_works_again(watch) -> None:
    """Ollama notices by itself: a request for a process that does not answer for 10 s makes it start another."""
    url, server = named("PLIMSOLL_OLLAMA_URL"), int(named("PLIMSOLL_OLLAMA_PID"))
    use = {"model": "tiny", "stream": False}
    requests.post(f"{url}/api/generate", json=use, timeout=60)  # into memory
    watched = watch(url, "ollama")
    assert (state := watched.probe()).canary["ok"] is True, state.canary
    watched.probe()
    requests.post(f"{url}/api/generate", json=use, timeout=60)  # else no other canary would be asked
    watched.canary_due()
    with frozen(child(server, "runner\0--model", "llama-server")):
        first = watched.probe()
    assert first.canary["cause"] in ("wedged", "saturated")
    for _ in range(4):
        last = watched.probe()
    assert last.status == "up"
