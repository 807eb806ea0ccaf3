"""What the forms of all apps share: how fields and errors are shown (FORM_RENDERER), lists, and numbers with limits."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import BaseRenderer, DjangoTemplates
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_CLASSES = {"select": "select", "checkbox": "", "radio": "", "hidden": ""}


_REQUIRED = {
    "password": "Type the password.",
    "email": "Write the email address, such as name@example.org.",
    "checkbox": "Tick this to go on.",
    "select": "Choose one of the list.",
    "radio": "Choose one of these.",
    "several": "Choose at least one.",
}
"""Kind of the input -> the error where nothing was given."""

_WRONG = {
    "invalid_choice": "This is not in the list. Choose one that is.",
    "invalid_pk_value": "This is not in the list. Choose one that is.",
    "invalid_list": "This is not in the list. Choose one that is.",
    "max_length": "At most %(limit_value)d characters: these are %(show_value)d. Shorten it.",
    "min_length": "At least %(limit_value)d characters: these are %(show_value)d. Make it longer.",
    "max_value": "Enter a number of at most %(limit_value)s.",
    "min_value": "Enter a number of at least %(limit_value)s.",
}
"""Django's code for what is wrong with a value -> the error."""


class StyledField(BoundField):
    """A field whose input has the class that the stylesheet knows its kind by, unless its widget has one of its own.

    Django's own errors for a missing or wrong value are replaced by ours, unless the form has one of its own. Django
    makes a form's bound fields before it cleans them, so this holds for every form, allauth's too.
    """

    def __init__(self, form: forms.BaseForm, field: forms.Field, name: str) -> None:
        super().__init__(form, field, name)
        several = getattr(field.widget, "allow_multiple_selected", False)
        kind = "several" if several else getattr(field.widget, "input_type", "")
        ours = {"required": _REQUIRED.get(kind, "Fill this in: it is needed."), **_WRONG}
        if isinstance(field, forms.EmailField):
            ours["invalid"] = "This is no email address. Write it like name@example.org."
        for code, sentence in ours.items():
            defaults = (vars(base).get("default_error_messages", {}).get(code) for base in type(field).__mro__)
            if field.error_messages.get(code) in (None, *defaults):
                field.error_messages[code] = sentence

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        kind = getattr(widget, "input_type", "textarea")
        name = _CLASSES.get(kind, "textarea" if kind == "textarea" else "input")
        return super().build_widget_attrs({"class": name, **attrs, **widget.attrs} if name else attrs, widget)


class Renderer(DjangoTemplates):
    bound_field_class = StyledField


class LongSelect(forms.Select):
    """A select of many. Django fills two templates for each option: 17 ms for 600 time zones, this one 5."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        chosen = self.format_value(value)

        def drawn(choices: Iterable[tuple[Any, Any]]) -> SafeString:
            options = (
                format_html('<optgroup label="{}">{}</optgroup>', key, drawn(label))
                if isinstance(label, list | tuple)
                else format_html(
                    '<option value="{}"{}>{}</option>', key, flatatt({"selected": str(key) in chosen}), label
                )
                for key, label in choices
            )
            return format_html_join("\n", "{}", ((each,) for each in options))

        own = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, own, drawn(self.choices))


class Suggested(forms.TextInput):
    """A text field that suggests values as one types; `values` are those, and `list_id` is the id of their list."""

    def __init__(self, list_id: str) -> None:
        super().__init__({"list": list_id, "autocomplete": "off", "spellcheck": "false"})
        self.values: list[str] = []

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        options = format_html_join("", '<option value="{}">', ((each,) for each in self.values))
        own = super().render(name, value, attrs, renderer)
        return format_html('{}<datalist id="{}">{}</datalist>', own, self.attrs["list"], options)


class LinesField(forms.Field):
    """Texts, one on each line; cleans to a list without empty ones and repetitions."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: str | None) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))


def number(
    label: str,
    low: float,
    high: float,
    help_text: str,
    kind: type[forms.IntegerField] = forms.IntegerField,
    **more: Any,
) -> forms.IntegerField:
    """A number from `low` to `high`. Whatever else is typed gets one sentence that says so."""
    wrong = f"Enter a number from {low:g} to {high:g}."
    messages = dict.fromkeys(("required", "invalid", "min_value", "max_value"), wrong)
    return kind(label=label, min_value=low, max_value=high, help_text=help_text, error_messages=messages, **more)  # type: ignore[arg-type]
