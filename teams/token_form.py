"""The form that makes an API token."""

from django import forms

from .models import ApiToken, Scope
from .tokens import DAYS


class TokenForm(forms.Form):
    """What the token is called, what it is good for, and for how long."""

    name = forms.CharField(
        max_length=ApiToken._meta.get_field("name").max_length,
        label="Name",
        help_text="What will use it, such as “Prometheus” or “status page”.",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.label[0].upper()}{scope.label[1:]}") for scope in Scope],
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    days = forms.TypedChoiceField(
        choices=[(days, f"{days} days") for days in DAYS],
        coerce=int,
        initial=90,
        label="It expires after",
        widget=forms.Select(attrs={"class": "select"}),
    )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())
