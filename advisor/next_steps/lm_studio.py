"""Trying LM Studio beside Ollama. Read in lmstudio-ai/docs, 29 April 2026, the newest copy that could be had."""

from ..recommendation.values import Answers
from .plan import Command, Plan, Step, client


def plan(_: str, __: Answers) -> Plan:
    """The steps for one person's machine."""
    return Plan(
        "lm_studio",
        "Try LM Studio beside Ollama",
        "S00",
        (
            Step(
                "Install it and start it once",
                "The desktop app is at lmstudio.ai. It brings its command line tool, lms, along.",
            ),
            Step(
                "Pull a model and serve it",
                "Without --port it takes the port that it used last. Leave “Serve on local network” off: without "
                "authentication switched on, it asks nobody for a key.",
                (Command("Any shell", "lms get qwen/qwen3-8b\nlms load qwen/qwen3-8b\nlms server start --port 1234"),),
            ),
            Step(
                "Point the same tool at it",
                "The same client works with both: only the port differs.",
                (client("http://localhost:1234/v1", "qwen/qwen3-8b", '"lm-studio"'),),
            ),
            Step("Keep the one you like", "A day with each shows more than a table. Remove the other."),
        ),
    )
