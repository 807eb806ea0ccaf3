"""What the answers that are still missing could make of the result.

A form with many gaps can be completed in millions of ways, but they come to few states. A set of states is one long
integer here, a bit for each state, so that "answer this question in every way" is a few shifts of the whole set.
The place of a state's bit: 3 bits for how many O hold, 3 for how many V (without V4, which four questions feed),
then one bit for each mark.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import product

from .effects import BIT, alternatives, total
from .judge import ENGINE, State, clear, outcome, settled
from .values import OUTCOMES, Answers

_O = [BIT[f"O{number}"] for number in range(1, 6)]
_V = [BIT[f"V{number}"] for number in (1, 2, 3, 5)]
_MARKS = (
    *(BIT["V4"], BIT["G1"], BIT["G2"] | BIT["G3"], BIT["two"], BIT["serving"]),
    *(BIT["growth"], BIT["runtime"], BIT["me"], BIT["tools"]),
)
_ENGINES = tuple(
    tuple(name for name in OUTCOMES if ENGINE[name] == engine and name != "open")
    for engine in ("ollama", "vllm", "both", "")
)
"""The outcomes that come to one engine; a conflict is a kind of its own."""
_FIRM = ("settled ollama", "settled vllm", "settled ", "clear ollama", "clear vllm")
LIMITING = ("linux_route", "responses_state", "os_floor")
"""Questions whose answer alone can rule an engine out."""
_PLACES = 1 << (6 + len(_MARKS))
_EVERY = (1 << _PLACES) - 1


def strength(effect: int, unanswered: tuple[str, ...], answers: Answers) -> str:
    """How firm a result is that is not open: the least that any completion makes it, "leaning" if engines differ.

    One missing answer more only adds completions, so it can never raise the strength.
    """
    states = _from(effect, _ways(unanswered, answers))
    tables = _tables()
    if any(not states & ~tables[f"settled {engine}"] for engine in ("ollama", "vllm", "")):
        return "settled"
    return "clear" if any(not states & ~tables[f"clear {engine}"] for engine in ("ollama", "vllm")) else "leaning"


def matter(effect: int, unanswered: tuple[str, ...], answers: Answers) -> tuple[str, ...]:
    """The unanswered questions whose answer can still move the outcome, for some answers to the others."""
    return _moving(effect, unanswered, answers, tuple((name,) for name in OUTCOMES))


def decisive(effect: int, unanswered: tuple[str, ...], answers: Answers) -> tuple[str, ...]:
    """The unanswered questions whose answer can still move the engine, those about limits first."""
    found = _moving(effect, unanswered, answers, _ENGINES)
    return tuple(sorted(found, key=lambda question: question not in LIMITING))


def _moving(
    effect: int, unanswered: tuple[str, ...], answers: Answers, kinds: tuple[tuple[str, ...], ...]
) -> tuple[str, ...]:
    """The unanswered questions that can move the result from one kind of outcomes to another."""
    found = []
    for question in unanswered:
        states = _from(effect, _ways(_others(unanswered, question), answers))
        if states & _torn(alternatives(question, answers), kinds):
            found.append(question)
    return tuple(found)


def next_question(effect: int, unanswered: tuple[str, ...], candidates: Iterable[str], answers: Answers) -> str | None:
    """The candidate whose answer leaves the outcomes least mixed; the first of the form where several do."""
    best, most = None, -1.0
    for question in candidates:
        states = _from(effect, _ways(_others(unanswered, question), answers))
        ways = alternatives(question, answers)
        purity = sum(_purity(_moved(states, way)) for way in ways) / len(ways)
        if purity > most + 1e-9:
            best, most = question, purity
    return best


def _others(unanswered: tuple[str, ...], question: str) -> tuple[str, ...]:
    return tuple(other for other in unanswered if other != question)


def _ways(unanswered: tuple[str, ...], answers: Answers) -> tuple[tuple[int, ...], ...]:
    """For each open question, the effects its answers can have. An unanswered `machines` brings its follow-ups."""
    return tuple(alternatives(question, answers) for question in unanswered)


def _from(effect: int, ways: tuple[tuple[int, ...], ...]) -> int:
    return _moved(_reached(ways), effect)


@lru_cache(maxsize=4096)
def _reached(ways: tuple[tuple[int, ...], ...]) -> int:
    """The states that answering some questions in every way leads to, from no answers at all."""
    if not ways:
        return 1
    before = _reached(ways[:-1])
    return total(_moved(before, way) for way in ways[-1])


def _moved(states: int, effect: int) -> int:
    """The set of states after an effect."""
    states <<= _counts(effect)
    for place, mark in enumerate(_MARKS):
        if effect & mark:
            step = 64 << place
            having = _having(place)
            states = (states & having) | ((states & ~having) << step)
    return states


def _moved_from(states: int, effect: int) -> int:
    """All states from which an effect leads into a set of states."""
    for place, mark in enumerate(_MARKS):
        if effect & mark:
            states &= _having(place)
            states |= states >> (64 << place)
    return states >> _counts(effect)


def _counts(effect: int) -> int:
    return sum(1 for bit in _O if effect & bit) + 8 * sum(1 for bit in _V if effect & bit)


@cache
def _having(place: int) -> int:
    """The set of all states that have one mark."""
    block = 64 << place
    run = ((1 << block) - 1) << block
    return total(run << start for start in range(0, _PLACES, 2 * block))


@cache
def _torn(ways: tuple[int, ...], kinds: tuple[tuple[str, ...], ...]) -> int:
    """All states whose kind of outcome depends on which of the ways a question is answered."""
    tables = _tables()
    same = 0
    for kind in kinds:
        agreed = _EVERY
        for way in ways:
            agreed &= _moved_from(total(tables[name] for name in kind), way)
        same |= agreed
    return _EVERY & ~same


def _purity(states: int) -> float:
    counts = [(states & _tables()[name]).bit_count() for name in OUTCOMES]
    return sum(count * count for count in counts) / sum(counts) ** 2


@cache
def _tables() -> dict[str, int]:
    """For every outcome and strength the set of states that have it."""
    bits = {name: bytearray(_PLACES // 8) for name in (*OUTCOMES, *_FIRM)}
    for marks in range(1 << len(_MARKS)):
        v4, *rest, runtime, me, tools = (bool(marks & 1 << place) for place in range(len(_MARKS)))
        rest.append(runtime and me and tools)
        for v, o in product(range(len(_V) + 1), range(len(_O) + 1)):
            for name in _names(State(o, v + v4, *rest)):
                bits[name][marks * 8 + v] |= 1 << o
    return {name: int.from_bytes(places, "little") for name, places in bits.items()}


@cache
def _names(s: State) -> tuple[str, ...]:
    name = outcome(s)
    names = [name]
    if settled(s):
        names.append(f"settled {ENGINE[name]}")
    if (settled(s) or clear(s)) and ENGINE[name] in ("ollama", "vllm"):
        names.append(f"clear {ENGINE[name]}")
    return tuple(names)
