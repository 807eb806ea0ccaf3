"""What the tests about decisions share."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from advisor import catalogue as catalogues
from advisor.decisions import actions
from advisor.models import Decision
from advisor.recommendation.answers import clean, to_query

PLATFORM = {
    "goal": "serving", "callers": "many", "machines": ["linux_server"], "accelerator": "multi_gpu",
    "api": "contract", "responses_state": "not_needed", "load": "many", "scaling": ["prefix_cache"],
    "front_ends": "own_app", "priority": "architecture", "workflow": "server_setup", "pain": "serving",
    "stage": "product", "growth": "yes",
}  # fmt: skip
"""GC-03: a platform group with several GPUs on Linux. The advice is vLLM, clear."""

BODY: dict[str, Any] = {
    "title": "Serve our models with vLLM",
    "choice": "vllm",
    "follows_advice": True,
    "why_not": "",
    "context": "Four teams call one server.",
    "rationale": "It is **built** for this.",
    "consequences": "Someone keeps a Linux host.",
    "confirmation": "The queue stays short.",
    "deciders": "Alice, Bob",
    "decided_on": date.today() - timedelta(days=26),
    "review_by": date.today() + timedelta(days=66),
    "revisit_when": "The model no longer fits.",
}


def record(user, team, *, answers=PLATFORM, status="draft", endpoints=(), supersedes=None, key=None, **body):
    """A decision of the platform group, changed by `body`."""
    current = catalogues.load()
    cleaned, unknown = clean(answers, current)
    assert not unknown
    return actions.record(
        user, key or uuid4(), team, cleaned, current,
        body=BODY | body, endpoints=endpoints, supersedes=supersedes, status=status,
    )  # fmt: skip


def typed(team, **changed) -> dict[str, Any]:
    """What the browser sends for the form."""
    values = {name: str(value) for name, value in BODY.items()} | {"follows_advice": "yes", "team": team.pk}
    return values | {"key": str(uuid4()), "seen": catalogues.load().version, "status": "draft"} | changed


def text(response) -> str:
    return response.content.decode()


def stored(pk: int) -> list:
    return list(Decision.objects.filter(pk=pk).values())


def new_url() -> str:
    answers, _ = clean(PLATFORM, catalogues.load())
    return f"/decisions/new/?{to_query(answers)}"
