"""What real engines showed under load, as SVG. Colours come from classes in guide.css, never from the SVG.

The figures are those of the recordings that the verdicts are tested with: bench.load_figures.
"""

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fleet.evidence.collect import KV_FULL
from fleet.evidence.thresholds import rule

FIGURES = Path(__file__).with_name("load_figures.json")

_WIDTHS = {"wide": 720, "narrow": 358}
_LEFT, _ROW, _HEIGHT = 4, 46, 120  # pixels: where drawings begin, a row of waits, a chart of queues
_WORDS = 110  # pixels for the words beside a chart


@cache
def figures() -> dict[str, Any]:
    """What is drawn."""
    found: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    return found


def both(name: str) -> str:
    """A wide and a narrow drawing of "waits" or "queues"; the style sheet shows the one that fits."""
    draw = {"waits": waits, "queues": queues}[name]
    return "".join(f'<div class="drawing drawing-{size}">{draw(width)}</div>' for size, width in _WIDTHS.items())


def waits(width: int) -> str:
    """For each number of callers how long a canary waited for a slot: the median, and the 95th percentile."""
    rows, (_, long) = figures()["waits"], rule("wait_long")
    below, scale = _ROW * len(rows), (width - 2 * _LEFT) / max(row["p95"] for row in rows)  # pixels; pixels a ms
    limit = _LEFT + 1000 * long * scale
    parts = [f'<text x="{limit:g}" y="{below + 14}" class="d-text d-soft">{long:g} s: too long</text>']
    for top, row in zip(range(0, below, _ROW), rows, strict=True):
        middle, high = _LEFT + row["p50"] * scale, _LEFT + row["p95"] * scale
        found = f"{row['p50'] / 1000:.1f}, {row['p95'] / 1000:.1f} s"
        label = f"{_callers(row['callers'])}, {row['settings']}: {found}"
        parts += [
            f'<text x="{_LEFT}" y="{top + 18}" class="d-text">{escape(label)}</text>',
            f'<rect x="{_LEFT}" y="{top + 25}" width="{high - _LEFT:g}" height="12" class="d-wait"/>',
            f'<path d="M{middle:g} {top + 22}V{top + 40}" class="d-median"/>',
            f'<path d="M{limit:g} {top + 22}V{top + 40}" class="d-limit"/>',
        ]
    said = "; ".join(f"{_callers(r['callers'])} with {r['settings']}: {r['p50']} and {r['p95']} ms" for r in rows)
    return _svg(width, below + 22, f"Wait for a slot on Ollama, median and 95th percentile. {said}.", parts)


def queues(width: int) -> str:
    """Requests running and waiting on vLLM over a minute: at the cap on sequences, and at a full KV cache."""
    parts, said, base = list[str](), list[str](), 0.0
    most = max(max(running, waiting) for each in figures()["queues"] for _, running, waiting, _ in each["points"])
    for each in figures()["queues"]:
        moments, running, waiting, cache = zip(*each["points"], strict=True)
        full = 100 * sum(share >= 100 * KV_FULL for share in cache) / len(cache)
        title = f"{_callers(each['callers'])}, cache full in {full:.0f} % of probes"
        parts.append(f'<text x="{_LEFT}" y="{base + 18:g}" class="d-text d-strong">{escape(title)}</text>')
        base += 36 + _HEIGHT
        parts.append(f'<path d="M{_LEFT} {base:g}H{width - _WORDS - 6}" class="d-line"/>')
        for words, values in (("running", running), ("waiting", waiting)):
            line = " ".join(
                f"{_LEFT + at / moments[-1] * (width - _WORDS - 10):.1f},{base - value / most * _HEIGHT:.1f}"
                for at, value in zip(moments, values, strict=True)
            )
            spread, middle = f"{min(values)} to {max(values)}", base - sum(values) / len(values) / most * _HEIGHT
            parts.append(f'<polyline points="{line}" class="d-{words}"/>')
            parts.append(
                f'<text x="{width - _WORDS}" y="{middle + 4:.1f}" class="d-text d-soft">{spread} {words}</text>'
            )
        said.append(f"{each['settings']}, {title}: {min(running)} to {max(running)} running")
        base += 16
    return _svg(width, base, f"Requests on vLLM over a minute. {'; '.join(said)}.", parts)


def _callers(number: int) -> str:
    return "1 caller" if number == 1 else f"{number} callers"


def _svg(width: int, height: float, label: str, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
