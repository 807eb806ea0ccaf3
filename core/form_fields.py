"""How forms draw their fields (FORM_RENDERER): each input has the class that the stylesheet knows its kind by."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates

_CLASSES = {"select": "select", "checkbox": "", "radio": "", "hidden": ""}


class StyledField(BoundField):
    """A field whose input has a class; a widget that has one of its own keeps that."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        kind = getattr(widget, "input_type", "textarea")
        name = _CLASSES.get(kind, "textarea" if kind == "textarea" else "input")
        return super().build_widget_attrs({"class": name, **attrs, **widget.attrs} if name else attrs, widget)


class Renderer(DjangoTemplates):
    bound_field_class = StyledField
