"""What Plimsoll asks of each engine, as Markdown, from the engines' own lists. Pure."""

from fleet.display.formats import duration
from fleet.engines.questions import FREE, Engine
from fleet.engines.registry import ENGINES


def requests_by_engine() -> str:
    """A heading and a table for each engine: its health, then its side questions that send a request."""
    return "\n\n".join(_engine(engine) for engine in ENGINES.values())


def _engine(engine: Engine) -> str:
    rows = [("health", engine.HEALTH, 0.0, FREE)]
    rows += [(question.name, question.asks, question.every, question.cost) for question in engine.QUESTIONS]
    lines = [
        f"### {engine.LABEL} {{#{engine.NAME}}}",
        "",
        "| about | request | how often | cost |",
        "|---|---|---|---|",
    ]
    for about, requests, every, cost in rows:
        if requests:
            often = f"every {duration(every)}" if every else "every probe"
            lines.append(f"| {about} | {' '.join(f'`{request}`' for request in requests)} | {often} | {cost} |")
    return "\n".join(lines)
