"""The folded part of the form about an endpoint: what has good defaults, in groups that show their present values."""

from dataclasses import dataclass

from django.forms.boundfield import BoundField
from django.template.defaultfilters import pluralize

from ..engines.registry import label
from .forms import EndpointForm

SECTIONS = {
    "Key and certificate": ("api_key", "username", "forget_key", "unverified"),
    "Engine and models": ("engine", "expected_models"),
    "Probing": ("interval", "timeout", "slow_after", "start_within"),
    "When it counts as down": ("fail_after", "fail_of", "fail_for", "recover_after", "depends_on"),
    "Canary": ("canary_models", "canary_every"),
}
"""Title -> fields, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Section:
    """One group of fields."""

    title: str
    values: str  # what they are set to by now, in one line
    fields: list[BoundField]

    @property
    def open(self) -> bool:
        """Whether one of its fields needs attention."""
        return any(field.errors for field in self.fields)


def sections(form: EndpointForm) -> list[Section]:
    """The groups of a form, with what was typed or is stored."""
    return [
        Section(title, "; ".join(_values(form, title)), [form[name] for name in names if name in form.fields])
        for title, names in SECTIONS.items()
    ]


def _values(form: EndpointForm, title: str) -> list[str]:
    """What the fields of a group are set to; what is off is left out where that reads better."""
    value = {name: form[name].value() for name in SECTIONS[title] if name in form.fields}
    if title == "Key and certificate":
        key = "key typed" if value["api_key"] else "key stored" if "forget_key" in value else "no key"
        name = [f"basic auth as {value['username']}"] if value["username"] else []
        return [key, *name, *(["certificate not verified"] if value["unverified"] else [])]
    if title == "Engine and models":
        engine = label(value["engine"]) if value["engine"] else "engine found out"
        expected = _lines(form, "expected_models")
        return [engine, f"models expected: {expected}"] if expected else [engine]
    if title == "Probing":
        timeout = f"timeout {value['timeout']} s" if value["timeout"] else "timeout by the interval"
        slow = [f"slow from {value['slow_after']} ms"] if value["slow_after"] else []
        start = value["start_within"] not in (None, "")
        return [
            f"every {value['interval']} s", timeout, *slow, *([f"starts in {value['start_within']} s"] if start else [])
        ]  # fmt: skip
    if title == "Canary":
        models = _lines(form, "canary_models")
        return [f"models asked: {models}", f"every {value['canary_every']} s"] if models else ["off"]
    of = f" of {value['fail_of']}" if str(value["fail_of"]) not in ("0", "") else " in a row"
    wait = [f"for at least {value['fail_for']} s"] if str(value["fail_for"]) not in ("0", "") else []
    depends = ["depends on another"] if value["depends_on"] else []
    failed = f"{value['fail_after']} failed probe{pluralize(value['fail_after'])}{of}"
    return [failed, *wait, f"up after {value['recover_after']} good one{pluralize(value['recover_after'])}", *depends]


def _lines(form: EndpointForm, name: str) -> int:
    return len(form.fields[name].to_python(form[name].value()) or ())
