"""The pages of the guide, in reading order. Their text is Markdown in the folder beside this file."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from advisor.catalogue import load

from .fill import fill
from .render import Rendered, render_page

_FOLDER = Path(__file__).parent / "pages"
_CHECKED = date(2026, 11, 28)


@dataclass(frozen=True, slots=True)
class Page:
    slug: str
    title: str
    summary: str
    part: str
    checked: date = _CHECKED  # when it was last read against the article, the catalogue and the engines' pages
    beyond: bool = False  # nothing on it is in the article


_START, _CHOOSE, _ENGINES = "Start here", "Choosing", "The two engines"
_RUN, _WATCHING, _METHOD, _REFERENCE = "Running them", "Watching", "The method", "Reference"

PAGES = (
    Page("meeting", "For the meeting", "The choice on one printed page.", _START),
    Page("faq", "Questions people ask", "Sixteen questions from forums, each with a short answer.", _START),
    Page("examples", "Worked examples", "Eight teams: their answers, the result, and why.", _START),
    Page("postures", "Two kinds of tool", "A local runtime and a serving layer are built for different jobs.", _CHOOSE),
    Page("simplicity", "When simplicity is the bottleneck", "The four needs that Ollama meets well.", _CHOOSE),
    Page("serving", "When serving is the bottleneck", "The requirements that point to vLLM.", _CHOOSE),
    Page("recommendation", "The recommendation", "Where to start by default, and when to move.", _CHOOSE),
    Page("traps", "Two traps", "A server nobody needed, and a laptop tool that stayed too long.", _CHOOSE),
    Page("side-by-side", "Side by side", "The two engines in one table.", _ENGINES),
    Page("api", "API compatibility", "Both offer an OpenAI-style API, with different intent.", _ENGINES),
    Page("platforms", "Platforms", "What the article says about systems and hardware, beside today.", _ENGINES),
    Page("setup", "Setup", "Two plans of four steps; the one you recognise is yours.", _ENGINES),
    Page("scaling", "Scaling", "Replicas, parallelism and prefix caching in plain words.", _ENGINES),
    Page(
        "features",
        "Features today",
        "Keys, tools, LoRA, images and more, with the date of each.",
        _ENGINES,
        beyond=True,
    ),
    Page("moving", "Moving between the two", "Checklists for both directions, with the traps.", _RUN, beyond=True),
    Page("security", "Security before you share it", "Who can reach it, keys, and what stays open.", _RUN, beyond=True),
    Page("memory", "Memory and model files", "Will it fit, and which file for which engine.", _RUN, beyond=True),
    Page("capacity", "Capacity", "What others measured, and how to measure your own.", _RUN, beyond=True),
    Page(
        "load",
        "What your servers say",
        "Load verdicts: their rules, and what was proven.",
        _RUN,
        beyond=True,
    ),
    Page("gateway", "Both behind one gateway", "One address for Ollama and vLLM, and its rules.", _RUN, beyond=True),
    Page("alternatives", "What else there is", "LM Studio, llama.cpp, SGLang, a hosted API.", _RUN),
    Page("statuses", "Statuses and causes", "What each word on the board means, and what to try.", _WATCHING),
    Page("alerts", "Alerts", "Who gets what and when; flapping, silences, maintenance.", _WATCHING),
    Page("decision-path", "The decision path", "From answers to one outcome, drawn.", _METHOD),
    Page("reading-a-result", "How to read a result", "Outcomes, strengths, and what most means here.", _METHOD),
    Page("criteria", "Criteria", "Every item, limit, outcome and criterion, each with a link of its own.", _METHOD),
    Page("questions", "The questions", "What the form asks, why, and where each answer counts.", _METHOD),
    Page("not-known", "What this advisor does not know", "Silence in the article, and where to read instead.", _METHOD),
    Page(
        "safety",
        "What keeps this safe",
        "What is promised, what is not, and how each promise is tested.",
        _REFERENCE,
        date(2026, 11, 22),
    ),
    Page(
        "what-is-asked",
        "What Plimsoll asks your server",
        "Every request of a probe, how often, and its cost.",
        _REFERENCE,
        beyond=True,
    ),
    Page("facts", "Facts and their dates", "What can move, with the article's date and ours.", _REFERENCE),
    Page("sections", "Sections of the article", "What each section says, in our words.", _REFERENCE),
    Page("sources", "Sources beyond the article", "Where the rest was read, and when.", _REFERENCE),
    Page("glossary", "Glossary", "The terms of this guide.", _REFERENCE),
    Page("changes", "Catalogue change log", "What changed in the catalogue, and when.", _REFERENCE),
)
_BY_SLUG = {page.slug: page for page in PAGES}


def find(slug: str) -> Page | None:
    """The page of that slug."""
    return _BY_SLUG.get(slug)


def parts() -> dict[str, list[Page]]:
    """The pages under the names of their parts, in reading order."""
    grouped: dict[str, list[Page]] = {}
    for page in PAGES:
        grouped.setdefault(page.part, []).append(page)
    return grouped


def neighbours(page: Page) -> tuple[Page | None, Page | None]:
    """The pages before and after this one."""
    place = PAGES.index(page)
    return (PAGES[place - 1] if place else None, PAGES[place + 1] if place + 1 < len(PAGES) else None)


def markdown(page: Page) -> str:
    """The text of a page, filled from the catalogue."""
    return fill((_FOLDER / f"{page.slug}.md").read_text("utf-8"), load(), page.beyond)


@cache
def rendered(page: Page) -> Rendered:
    """The page as HTML. Kept: neither its file nor the catalogue changes while the program runs."""
    return render_page(markdown(page))
