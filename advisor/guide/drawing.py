"""The decision path as SVG, drawn from the catalogue. Colours come from classes in guide.css, never from the SVG."""

from dataclasses import dataclass, field
from functools import cache
from html import escape
from textwrap import wrap

from advisor.catalogue import Catalogue
from advisor.recommendation.judge import MOST

from .generated import ENGINES
from .path import Branch, outcome_name, steps

_LINE = 20  # pixels from one line of text to the next
_CHARACTER = 8  # pixels at 14 px: enough for DejaVu Sans, the widest of the system fonts
_SPINE = 16  # where the line from step to step runs
_TEXT = 44  # where text begins
_PILL_HEIGHT = 30
_ENGINE = {"ollama": "ollama", "start_with_ollama": "ollama", "lm_studio_first": "ollama", "vllm": "vllm"}


@dataclass(slots=True)
class _Sheet:
    """What is drawn so far, from the top down to `y`."""

    width: int
    narrow: bool
    y: int = 0
    last: float = 0  # where the last branch leaves the spine
    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        self.parts.append(f'<text x="{x:g}" y="{y:g}" class="d-text {kind}">{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" class="d-box {kind}"/>'
        )

    def line(self, path: str) -> None:
        self.parts.append(f'<path d="{path}" class="d-line"/>')

    def branch(self, y: float) -> None:
        self.line(f"M{_SPINE} {y:g}H{_TEXT - 8}")
        self.last = y

    def block(self, x: float, words: str, width: float, kind: str = "") -> None:
        """Text in lines of at most `width` pixels; moves `y` below it."""
        for piece in wrap(words, int(width / _CHARACTER)):
            self.y += _LINE
            self.text(x, self.y - 6, piece, kind)


@cache
def both(catalogue: Catalogue) -> str:
    """A wide and a narrow drawing; the style sheet shows the one that fits. The text below has the same content."""
    return "".join(
        f'<div class="drawing drawing-{name}">{draw(catalogue, narrow=name == "narrow")}</div>'
        for name in ("wide", "narrow")
    )


def draw(catalogue: Catalogue, *, narrow: bool = False) -> str:
    """The path as one SVG element."""
    sheet = _Sheet(358 if narrow else 720, narrow)
    _lists(sheet, catalogue)
    start = sheet.y
    for number, step in enumerate(steps(catalogue), 1):
        sheet.y += 10
        sheet.parts.append(f'<circle cx="{_SPINE}" cy="{sheet.y + 9}" r="14" class="d-dot"/>')
        sheet.parts.append(f'<text x="{_SPINE}" y="{sheet.y + 14}" class="d-text d-number">{number}</text>')
        sheet.block(_TEXT, step.title, sheet.width - _TEXT, "d-title")
        for note in step.notes:
            sheet.block(_TEXT, note, sheet.width - _TEXT - 8, "d-soft")
        sheet.y += 4
        for branch in step.branches:
            (_branch_narrow if sheet.narrow else _branch_wide)(sheet, branch)
        sheet.y += 14
    end = sheet.last
    sheet.parts.insert(0, f'<path d="M{_SPINE} {start + 28}V{end:g}" class="d-line"/>')
    label = "Decision path: five steps from the answers to one outcome. The same path in words follows the drawing."
    return (
        f'<svg viewBox="0 0 {sheet.width} {sheet.y}" width="{sheet.width}" height="{sheet.y}" role="img" '
        f'aria-label="{label}">{"".join(sheet.parts)}</svg>'
    )


def _lists(sheet: _Sheet, catalogue: Catalogue) -> None:
    """The two lists that the steps count, side by side where there is room."""
    width = sheet.width if sheet.narrow else (sheet.width - 16) / 2
    top, lowest = 1, 0
    frames = []
    for place, engine in enumerate(ENGINES):
        x = 1 if sheet.narrow else 1 + place * (width + 14)
        sheet.y = (lowest + 12 if place else top) if sheet.narrow else top
        begin = sheet.y
        sheet.y += 10
        sheet.block(x + 14, f"{ENGINES[engine]}: most means {MOST} of 5", width - 28, "d-strong")
        for item in catalogue.items:
            if item.engine == engine:
                sheet.y += 4
                sheet.text(x + 14, sheet.y + 14, item.id, "d-soft")
                sheet.block(x + 44, item.text, width - 60)
        lowest = max(lowest, sheet.y + 12)
        frames.append((x, begin, sheet.y + 12, engine))
    for x, begin, end, engine in frames:
        sheet.box(x, begin, width - 2, (end if sheet.narrow else lowest) - begin, f"is-{engine}")
    sheet.y = lowest + 20


def _branch_wide(sheet: _Sheet, branch: Branch) -> None:
    top, left = sheet.y, sheet.width - 172
    room = left - _TEXT - 50
    lines = len(wrap(branch.when, int(room / _CHARACTER)))
    middle = top + max(_PILL_HEIGHT + 8, lines * _LINE + 10) / 2
    sheet.y = int(middle - lines * _LINE / 2) + 1
    sheet.block(_TEXT, branch.when, room)
    sheet.y = int(2 * middle - top)
    sheet.branch(middle)
    sheet.line(f"M{left - 38} {middle:g}H{left - 5}m-5 -4l5 4l-5 4")
    _pill(sheet, left, middle - _PILL_HEIGHT / 2, branch.outcome)


def _branch_narrow(sheet: _Sheet, branch: Branch) -> None:
    sheet.y += 6
    sheet.branch(sheet.y + 9)
    sheet.block(_TEXT, branch.when, sheet.width - _TEXT - 4)
    middle = sheet.y + 4 + _PILL_HEIGHT // 2
    sheet.line(f"M{_TEXT + 6} {sheet.y + 2}V{middle}H{_TEXT + 28}m-5 -4l5 4l-5 4")
    _pill(sheet, _TEXT + 34, middle - _PILL_HEIGHT / 2, branch.outcome)
    sheet.y = middle + _PILL_HEIGHT // 2 + 4


def _pill(sheet: _Sheet, left: float, top: float, outcome: str) -> None:
    sheet.box(left, top, 170, _PILL_HEIGHT, f"d-pill is-{_ENGINE.get(outcome, outcome)}")
    sheet.text(left + 85, top + 20, outcome_name(outcome), "d-outcome")
