"""Fills the database of the settings with invented endpoints, states and history.

    python -m bench.seed 1000 [observations per endpoint, default 100]

Adds to what is there; use a PLIMSOLL_DATA of its own. The same number gives the same fleet.
"""

import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta

import django
from django.core.management import call_command

from fleet.engines.reading_json import facts_from_json, load_from_json
from fleet.history.sort_figures import sort_figures

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

MODELS = {
    "vllm": ("qwen3-32b", "llama-3.3-70b", "sql-lora", "bge-m3", "qwen3-coder", "mistral-small-24b"),
    "ollama": ("qwen3:8b", "gemma3:12b", "nomic-embed-text", "llama3.2-vision", "gpt-oss:20b"),
    "lmstudio": ("qwen3-4b", "phi-4"),
}
VERSIONS = {"vllm": ("0.32.0", "0.33.0"), "ollama": ("0.9.3", "0.33.0"), "lmstudio": ("0.4.25",)}
PORTS = {"vllm": 8000, "ollama": 11434, "lmstudio": 1234}
TROUBLES = (
    ("down", "connection_refused", "connect", ""),
    ("down", "timed_out", "models", "no answer within 5 s"),
    ("degraded", "model_missing", "models", "llama3.2-vision"),
    ("degraded", "auth_rejected", "models", "HTTP 401"),
    ("busy", "saturated", "load", "11 waiting"),
    ("loading", "loading", "health", ""),
    ("asleep", "asleep", "load", "weights_offloaded"),
)
VERDICTS = (
    *[("fine", "")] * 12, *[("room to spare", "")] * 3, ("not enough evidence", ""), ("overkill", ""),
    ("tune first", ""), ("saturated", "KV cache"), ("outgrown", "slots"),
)  # fmt: skip


def seed(endpoints: int, observations: int = 100) -> None:
    """Adds `endpoints` endpoints in teams of about 40, each with `observations` stored readings."""
    from fleet.models import Endpoint, EndpointState, LoadVerdict, Observation
    from teams.models import Team

    dice = random.Random(endpoints)
    now = time.time()
    teams = []
    for i in range(max(2, endpoints // 40)):
        named = {"name": f"Team {i}", "mail_to": ["a@example.org"]}
        teams.append(Team.objects.get_or_create(slug=f"team-{i}", defaults=named)[0])
    for start in range(0, endpoints, 500):
        batch = [_endpoint(dice, i, teams) for i in range(start, min(endpoints, start + 500))]
        made = Endpoint.objects.bulk_create(batch)
        EndpointState.objects.bulk_create(EndpointState(endpoint=e, **_state(dice, e, now)) for e in made)
        LoadVerdict.objects.bulk_create(LoadVerdict(endpoint=e, **_verdict(dice, e, now)) for e in made)
        for endpoint in made:
            moments = (datetime.fromtimestamp(now - 30 * n, UTC) for n in range(observations))
            Observation.objects.bulk_create(
                Observation(endpoint=endpoint, at=at, status="up", latency_ms=9) for at in moments
            )


def _endpoint(dice: random.Random, number: int, teams: list):
    from fleet.models import Endpoint

    engine = dice.choices(("vllm", "ollama", "lmstudio"), (5, 4, 1))[0]
    host = f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    url = f"http://{host}:{PORTS[engine]}"
    return Endpoint(team=teams[number % len(teams)], name=f"gpu-{number}", url=url, engine=engine)


def _state(dice: random.Random, endpoint, now: float) -> dict:
    engine, at = endpoint.engine, datetime.fromtimestamp(now - dice.random() * 30, UTC)
    status, cause, step, detail = dice.choice(TROUBLES) if dice.random() < 0.06 else ("up", "", "", "")
    since = datetime.fromtimestamp(now, UTC) - timedelta(minutes=dice.randint(2, 600))
    names = dice.sample(MODELS[engine], dice.randint(1, 2 if engine == "lmstudio" else 5))
    models = [{"name": n, "loaded": engine == "vllm" or dice.random() < 0.6} for n in names]
    silent = status == "down"
    load, strip = {} if silent else _load(dice, engine, status), _strip(dice, engine, status, now, since.timestamp())
    facts = {"version": dice.choice(VERSIONS[engine]), "models": models}
    figures = sort_figures(facts_from_json(facts), load_from_json(load), strip, now)
    return figures | {
        "due_at": int(now) + dice.randint(1, 30),
        "status": status, "cause": cause, "step": step, "detail": detail, "since": since,
        "failures": 4 if status in ("down", "degraded") else 0,
        "probed_at": at, "seen_at": since if silent else at,
        "latency_ms": None if silent else dice.uniform(2, 40),
        "engine": engine, "proof": "GET /api/version", "identified_at": since,
        "facts": facts,
        "load": load,
        "strip": strip,
        "shown_at": at, "regrouped_at": since,
    }  # fmt: skip


def _load(dice: random.Random, engine: str, status: str) -> dict:
    if engine == "vllm":
        waiting = 11 if status == "busy" else 0
        running = 16 if waiting else dice.randint(0, 12)
        return {"running": running, "waiting": waiting, "slots": 16, "kv_cache_usage": dice.random() / 2}
    return {"busy": dice.random() < 0.3} if engine == "ollama" else {}


def _verdict(dice: random.Random, endpoint, now: float) -> dict:
    """A load verdict; as in life only some have a load line, and Ollama shows no callers."""
    state, limit = dice.choice(VERDICTS)
    at = datetime.fromtimestamp(now, UTC)
    known = {"state": state, "limit": limit, "since": at - timedelta(hours=dice.randint(1, 900)), "judged_at": at}
    known |= {"confidence": "high", "in_time": dice.choice((None, dice.uniform(70, 100)))}
    if endpoint.engine == "vllm":
        known |= {"line": dice.choice((None, 8, 16)), "callers": dice.randint(0, 20), "at_work": dice.uniform(0, 100)}
    return known


def _strip(dice: random.Random, engine: str, status: str, now: float, since: float) -> dict:
    last, minute = int(now // 1800), int(now // 60)
    times = {str(last - n): {status if (last - n + 1) * 1800 > since else "up": 1800} for n in range(50)}
    if dice.random() < 0.1:
        times[str(last - dice.randint(5, 40))] = {"up": 1500, "down": 300}
    base, share = dice.uniform(2, 30), dice.random()
    known = 2 if engine != "lmstudio" else 0
    hour = {}
    for n in range(60):
        if status != "down" or (minute - n) * 60 < since:
            busy = sum(dice.random() < share for _ in range(known))
            hour[str(minute - n)] = [2, round(2 * base * dice.uniform(0.8, 1.3), 1), busy, known]
    return {"times": times, "last": [now, 30], "hour": hour}


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    seed(int(sys.argv[1]), *map(int, sys.argv[2:3]))
