"""What LiteLLM counts of each server behind it: requests, HTTP 503s, times to the first token, and how many teams ask.

Its page is there with `callbacks: ["prometheus"]` only: https://docs.litellm.ai/docs/proxy/prometheus. Its labels name
teams, keys, users and their mails: none of them is kept. The time to the first token has no api_base but, in newer
releases, the model_id of the deployment; where it has neither, it is left out.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain

from .counters import histogram
from .http.address import host_and_port
from .prometheus import Page, Sample
from .reading import BEHIND, Counted

_REQUESTS = ("litellm_deployment_total_requests_total", "litellm_deployment_total_requests")
_FAILED = ("litellm_deployment_failure_responses_total", "litellm_deployment_failure_responses")
_FIRST_TOKEN = ("litellm_llm_api_time_to_first_token_metric_bucket",)
_START = ("process_start_time_seconds",)
_NO_TEAM = ("", "None")


def read(text: str, gateway: str) -> tuple[Counted, ...]:
    """One for each server, by its address as seen from the machine of the URL `gateway`.

    Raises BadAnswer for a page that would take seconds to read.
    """
    page = Page(text, chain(_REQUESTS, _FAILED, _FIRST_TOKEN, _START))
    asked: dict[str, list[Sample]] = defaultdict(list)
    deployments: dict[str, set[str]] = defaultdict(set)
    for sample in page.samples(_REQUESTS):
        if server := host_and_port(sample.labels.get("api_base", ""), gateway):
            asked[server].append(sample)
            deployments[sample.labels.get("model_id", "")].add(server)
    refused, first_token = defaultdict[str, list[Sample]](list), defaultdict[str, list[Sample]](list)
    for sample in page.samples(_FAILED):
        if sample.labels.get("exception_status") == "503":
            refused[host_and_port(sample.labels.get("api_base", ""), gateway)].append(sample)
    for sample in page.samples(_FIRST_TOKEN):
        named = host_and_port(sample.labels.get("api_base", ""), gateway)
        servers = {named} if named else deployments.get(sample.labels.get("model_id", ""), set())
        if len(servers) == 1:
            first_token[next(iter(servers))].append(sample)
    series = str(page.highest(_START))  # each of its workers counts for itself, and may answer
    return tuple(
        Counted(
            f"{BEHIND}{server}",
            series,
            {"requests": _sum(some), "refused": _sum(refused[server])},
            {"ttft": found} if (found := histogram(first_token[server])) else {},
            _teams(some),
        )
        for server, some in sorted(asked.items())
    )


def _teams(samples: Iterable[Sample]) -> dict[str, float]:
    """Four hex digits are enough to count teams, and too few to know one by."""
    teams: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if (team := sample.labels.get("team", "")) not in _NO_TEAM:
            teams[hashlib.sha256(team.encode()).hexdigest()[:4]].append(sample)
    return {team: _sum(some) for team, some in teams.items()}


def _sum(samples: Iterable[Sample]) -> float:
    return math.fsum(sample.value or 0 for sample in samples)
