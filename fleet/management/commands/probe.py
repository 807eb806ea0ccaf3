"""manage.py probe: what answers at an address."""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError

from core.terminal import TerminalCommand, table
from fleet.display import formats, ladder
from fleet.engines.http.address import Address, read_address
from fleet.engines.http.answer import one_line
from fleet.engines.http.api_key import clean_key, clean_username
from fleet.engines.probe import probe
from fleet.engines.reading import SURFACES, Backend, Load, Model, Reading
from fleet.engines.reading_json import to_json
from fleet.engines.registry import is_gateway, title
from fleet.queries.terminal import load_in_words
from fleet.verdict import causes
from fleet.verdict.status import TROUBLE, Finding, find

MODELS_SHOWN = 20

ABOUT = """Asks a server who it is and how it is, and prints what it answered. Needs no database and stores nothing.

Exit code: 0 when it works (also while it is busy, loading or asleep), 1 when something is wrong, 2 when the
address or another argument is."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help="base URL, such as http://gpu-1:8000")
        parser.add_argument("--json", action="store_true", help="print everything that was learned as JSON")
        parser.add_argument(
            "--api-key-env", metavar="NAME", help="environment variable that holds the API key or password"
        )
        parser.add_argument("--user", metavar="NAME", default="", help="user name for basic auth")
        parser.add_argument("--timeout", type=float, default=5.0, metavar="S", help="seconds for all of it (5)")

    def handle(self, *args: Any, **options: Any) -> None:
        address = _address(options["url"], options["user"], _key(options["api_key_env"]))
        url = address.url
        if not 0.5 <= options["timeout"] <= 60:
            raise CommandError("--timeout: give a number of seconds from 0.5 to 60.", returncode=2)
        key, username = address.api_key or None, address.username or None
        reading = probe(url, api_key=key, username=username, timeout=options["timeout"], identify=True)
        finding = find(reading)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(url, reading, finding), indent=2))
        else:
            self.stdout.write(url)
            for line in table(list(_rows(reading, finding))):
                self.stdout.write(line)
        if finding.status in TROUBLE:
            sys.exit(1)


def as_json(url: str, reading: Reading, finding: Finding) -> dict[str, Any]:
    """Everything a probe learned; what is unknown is left out."""
    facts = to_json(reading.facts)
    cause = finding.cause or ""
    return {
        "url": url,
        "at": reading.at,
        "status": finding.status,
        "cause": cause,
        "step": finding.step,
        "sentence": causes.sentence(cause, finding.detail, finding.step),
        "advice": causes.advice(cause),
        "identity": to_json(reading.identity) if reading.identity else None,
        "gateway": reading.identity is not None and is_gateway(reading.identity.engine, reading.facts.product),
        "latency_ms": reading.latency_ms,
        **{key: facts.get(key) for key in ("version", "product", "models", "behind", "api", "warnings")},
        "load": to_json(reading.load),
        "exchanges": [to_json(exchange) for exchange in reading.exchanges],
    }


def _address(text: str, username: str, key: str) -> Address:
    """The address with the credentials of the options, or else with those that were pasted along with it."""
    try:
        found = read_address(text)
        if not username and not key:
            username, key = found.username, found.api_key
        username = clean_username(username)
        return Address(found.url, username, clean_key(key, username))
    except ValueError as error:
        raise CommandError(str(error), returncode=2) from None


def _key(variable: str | None) -> str:
    if variable and not os.environ.get(variable):
        raise CommandError(f"The environment variable {variable} is not set or empty.", returncode=2)
    return os.environ[variable] if variable else ""


def _rows(reading: Reading, finding: Finding) -> Iterator[tuple[str, str]]:
    """(heading, text) of each line; an empty heading carries the one before on."""
    yield "status", finding.status
    if finding.cause:
        yield "", causes.sentence(finding.cause, one_line(finding.detail), finding.step)
        yield "", causes.advice(finding.cause)
    if reading.identity:
        version = one_line(reading.facts.version or "") or "version not known"
        gateway = ", a gateway" if is_gateway(reading.identity.engine, reading.facts.product) else ""
        yield "engine", f"{title(reading.identity.engine, reading.facts.product)} {version}{gateway}"
        yield "proof", one_line(reading.identity.proof)
    yield from _under("models", _models(reading))
    yield from _under("behind", table([_backend(backend) for backend in reading.facts.behind]))
    if reading.facts.api:
        surfaces = (f"{surface} {reading.facts.api[surface]}" for surface in SURFACES if surface in reading.facts.api)
        yield "api", ", ".join(surfaces)
    if not reading.failure:
        yield "load", load_in_words(reading.load)
    yield from _under("ladder", _ladder(reading, finding))
    yield from _under("warnings", [" ".join(text.split()) for text in reading.facts.warnings])


def _under(heading: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    return ((heading if n == 0 else "", line) for n, line in enumerate(lines))


def _models(reading: Reading) -> list[str]:
    models = reading.facts.models
    if not models:
        return [] if reading.failure else ["none offered"]
    lines = table([[one_line(model.name), _about(model)] for model in models[:MODELS_SHOWN]])
    left = len(models) - MODELS_SHOWN
    return [*lines, f"… and {left} more (--json has all)"] if left > 0 else lines


def _backend(backend: Backend) -> list[str]:
    health = {True: "healthy", False: "gone", None: "health not known"}[backend.healthy]
    return [one_line(backend.name), health, "" if backend.running is None else f"{backend.running} running"]


def _about(model: Model) -> str:
    parts = [
        "" if model.loaded is None else "loaded" if model.loaded else "not loaded",
        formats.size(model.size) if model.size is not None else "",
        model.parameters or "",
        model.quantization or "",
        f"context {model.context_length}" if model.context_length else "",
        " ".join(model.capabilities),
        f"adapter of {model.parent}" if model.parent else "",
        f"runs on {model.remote_host}" if model.remote_host else "",
    ]
    return one_line(", ".join(part for part in parts if part))


def _ladder(reading: Reading, finding: Finding) -> list[str]:
    known = ["load"] if reading.load != Load() else []
    broken = finding.step if reading.failure else ""
    exchanges, missing = [to_json(exchange) for exchange in reading.exchanges], reading.facts.missing_steps
    rungs = ladder.climb(exchanges, broken, known=known, missing=missing)
    return table(
        [
            [
                rung.step,
                rung.outcome,
                formats.milliseconds(rung.ms) if rung.ms is not None else "",
                ", ".join(rung.requests),
            ]
            for rung in rungs
        ]
    )
