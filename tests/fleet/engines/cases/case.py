"""A made-up server after a public report: what it answers, and what is right to find there.

`judge(case)` plays it and fails with everything that was found wrong.

The first probe is `manage.py probe --json`, in this process. A case with `then` is probed once more after the server
has changed to that, with the engine known, as the running watch does it; what is compared is the second probe.
"""

import io
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from fleet.engines.probe import probe
from fleet.management.commands.probe import as_json
from fleet.verdict.status import find
from tests.hostile_server import Behaviour, HostileServer, Request, answer

from .answers import Reply, Routes

HANGS = 2.0
"""Seconds that a probe has at a server with questions that hang; the others answer at once and get ten."""

UNAUTHORIZED = Reply(401, {"error": "Unauthorized"})

READS = frozenset({"GET", "HEAD"})
SHOWS = "POST /api/show"
"""The one POST that a probe may send: it reads a model's card and loads nothing."""


@dataclass(frozen=True)
class Case:
    """What is left out under "what is right" does not matter there; `words` and the like are regular expressions."""

    name: str
    source: str  # the public report or page; empty for a kind everybody meets
    routes: Routes  # path -> answer, "*" for all others; else 404
    # How it is asked
    then: Routes | None = None
    later: float = 30.0  # seconds between first and second probe; from 300 on lists of models are due again
    timeout: float = 10.0
    address: str = "http://127.0.0.1:{port}"
    host: str = "127.0.0.1"  # where it listens
    server: str = ""  # the Server header of all answers that have none of their own
    wants: str = ""  # the Authorization that it wants below `guarded`; all else meets `refusal`
    guarded: tuple[str, ...] = ("/v1",)
    refusal: Reply = UNAUTHORIZED
    send: str = ""  # the key that is typed in
    user: str = ""  # the user name that is typed in
    # What is right
    status: str | tuple[str, ...] = ()  # "usage": refused before anything is asked
    cause: str | None = None
    engine: str | tuple[str, ...] = ()
    not_engine: str = ""
    models: list[str] | None = None
    card: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # model -> field -> value
    load: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""  # in the sentence or the advice
    no_words: str = ""
    warns: str = ""  # in a warning
    mentions: str = ""  # anywhere in what was learned
    nowhere: str = ""  # in nothing that was learned
    never_asked: tuple[str, ...] = ()  # "GET /slots"

    def __str__(self) -> str:
        return self.name


def judge(case: Case) -> None:
    """Fails where a probe, or the watch, gets `case` wrong."""
    report(case, play(case))


def report(case: Case, wrong: list[str]) -> None:
    """Fails with what was found wrong about `case`, if anything was."""
    if wrong:
        pytest.fail("\n".join([f"{case.name} ({case.source or 'no report'})", *wrong]), pytrace=False)


def play(case: Case) -> list[str]:
    """What a probe, or the watch, gets wrong about `case`, as sentences."""
    now: dict[str, Routes] = {"routes": case.routes}
    with HostileServer(choose=lambda request: _chosen(case, now["routes"], request), host=case.host) as server:
        address = case.address.replace("{port}", str(server.port))
        if case.then is None:
            found = first_probe(address, case)
        else:
            first = probe(address, api_key=case.send or None, timeout=10, identify=True, now=time.time())
            if first.failure or not first.identity:
                return [f"the first probe of a healthy server failed: {first.failure}"]
            now["routes"] = case.then
            server.requests.clear()
            second = probe(
                address,
                engine=first.identity.engine,
                known=first.facts,
                api_key=case.send or None,
                timeout=case.timeout,
                now=first.at + case.later,
            )
            identity = {"identity": {"engine": first.identity.engine}} if second.identity is None else {}
            found = {**as_json(address, second, find(second)), **identity}
        asked = server.asked()
    return [*differences(case, found), *_unwanted(case, asked)]


def first_probe(address: str, case: Case) -> dict[str, Any]:
    """What `manage.py probe --json` prints; status "usage" with the sentence where it refuses the arguments."""
    out = io.StringIO()
    options = ["--json", "--timeout", str(case.timeout)]
    options += ["--api-key-env", "CASE_KEY"] if case.send else []
    options += ["--user", case.user] if case.user else []
    try:
        with mock.patch.dict(os.environ, CASE_KEY=case.send) if case.send else nullcontext():
            call_command("probe", address, *options, stdout=out)
    except CommandError as refused:
        return {"status": "usage", "cause": "", "sentence": str(refused)}
    except SystemExit:
        pass  # how the command reports trouble; what it printed has the trouble
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def differences(case: Case, found: dict[str, Any]) -> list[str]:
    """What in `found` is not as `case` has it for right."""
    words = f"{found.get('sentence', '')} {found.get('advice', '')}"
    warnings = " ".join(found.get("warnings") or ())
    learned = json.dumps({name: part for name, part in found.items() if name not in ("url", "exchanges")})
    models = {model["name"]: model for model in found.get("models") or ()}
    engine = (found.get("identity") or {}).get("engine")
    load = found.get("load") or {}
    checks: list[tuple[object, object, str, object]] = [  # does it matter, is it right, what is wanted, what was found
        (case.status, found["status"] in _several(case.status), f"status {case.status}", found["status"]),
        (case.cause is not None, found["cause"] == case.cause, f"cause {case.cause!r}", found["cause"]),
        (case.engine, engine in _several(case.engine), f"engine {case.engine}", engine),
        (case.not_engine, engine != case.not_engine, f"not the engine {case.not_engine}", engine),
        (case.models is not None, sorted(models) == case.models, f"models {case.models}", sorted(models)),
        (case.words, re.search(case.words, words, re.I), f"words {case.words!r}", words),
        (case.no_words, not re.search(case.no_words, words, re.I), f"no words {case.no_words!r}", words),
        (case.warns, re.search(case.warns, warnings, re.I), f"a warning {case.warns!r}", warnings),
        (case.mentions, re.search(case.mentions, learned, re.I), f"{case.mentions!r} mentioned", learned),
        (case.nowhere, not re.search(case.nowhere, json.dumps(found)), f"nowhere {case.nowhere!r}", found),
        *((True, load.get(name) == value, f"{name} {value}", load) for name, value in case.load.items()),
        *(
            (True, models.get(name, {}).get(part) == value, f"{name}: {part} {value}", models.get(name))
            for name, card in case.card.items()
            for part, value in card.items()
        ),
    ]
    wrong = [
        f"wanted {wanted}, got {str(got)[:300]!r}" for matters, right, wanted, got in checks if matters and not right
    ]
    return [*wrong, f"the finding: {found['status']}, {words}"] if wrong else []


def _several(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted


def _unwanted(case: Case, asked: list[str]) -> list[str]:
    """The requests that no probe may send, or none to this server."""
    paths = [request.partition("?")[0] for request in asked]
    changing = [path for path in paths if path.split()[0] not in READS and path != SHOWS]
    return [f"asked {path}" for path in dict.fromkeys([*changing, *(p for p in paths if p in case.never_asked)])]


def _chosen(case: Case, routes: Routes, request: Request) -> Behaviour:
    path = request.path.partition("?")[0]
    if case.wants and path.startswith(case.guarded) and request.headers.get("authorization") != case.wants:
        reply: Reply | Behaviour = case.refusal
    else:
        reply = routes.get(path) or routes.get("*") or Reply(404, {"detail": "Not Found"})
    return _played(reply, case.server) if isinstance(reply, Reply) else reply


def _played(reply: Reply, server: str) -> Behaviour:
    headers = {"Content-Type": "application/json" if isinstance(reply.body, (dict, list)) else "text/plain"}
    if server:
        headers["Server"] = server
    return answer(reply.status, reply.body, **{**headers, **reply.headers})
