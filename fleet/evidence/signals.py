"""Figures beside their thresholds, in words."""

import re

from .counts import Counts
from .target import Met
from .thresholds import RULES, Support, Thresholds
from .verdict import Signal
from .window import Stretch

NOT_KNOWN = "not known"
"""The value of a figure without anything measured."""

TEAMS_CALLING = "Teams calling, by a gateway"
"""The words of the signal that counts them. The evidence about a decision reads it."""


def signal(name: str, value: str, limits: Thresholds, number: int, crossed: bool) -> Signal:
    """A figure beside its threshold, by those of the rule's words that name it: the others are on the threshold.

    Without samples (a `number` of 0) it is not known, whatever `value` the counts give, and nothing is crossed."""
    rule = RULES[name]
    threshold = f"{getattr(limits, name):g} {rule.unit}".strip()
    words = re.split(r"[,:.]\s", rule.words, maxsplit=1)[0]
    shown = value if number else NOT_KNOWN
    return Signal(name, words[0].upper() + words[1:], shown, threshold, number, rule.support, crossed and number > 0)


def in_time(each: Met, needed: float) -> Signal:
    """How many requests met a part of the target: the least and the most that the buckets allow."""
    value = f"{each.least:.0f} %" if each.least == each.most else f"{each.least:.0f} to {each.most:.0f} %"
    missed = each.most < needed
    return Signal("", f"In time: {each.part}", value, f"{needed:g} %", each.samples, Support.OURS, missed)


def of_gateway(counted: Counts) -> list[Signal]:
    """How many teams use the server, where a gateway counts its requests."""
    teams, requests = counted.get("teams", 0), counted.get("requests", 0)
    return [Signal("", TEAMS_CALLING, str(teams), "2", requests, Support.OURS, teams >= 2)] if teams else []


def most_in_an_hour(found: Stretch, name: str) -> int:
    """The highest count of any hour."""
    return max((row.counts.get(name, 0) for row in found.rows), default=0)


def seconds(bucket: tuple[str, str] | None, unit: float = 1000) -> str:
    """A bucket in seconds: "5 to 10 s". Its edges have so many `unit`s a second."""
    if bucket is None:
        return NOT_KNOWN
    low, high = (float(each) / unit for each in bucket)
    if low == 0:
        return f"under {high:g} s"
    return f"over {low:g} s" if high == float("inf") else f"{low:g} to {high:g} s"
