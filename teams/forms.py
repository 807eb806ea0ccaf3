"""Forms about people and teams."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, BaseUserCreationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from .models import Team

MOST_ADDRESSES = 20


class AddressesField(forms.Field):
    """Mail addresses, one on each line; cleans to a list without repetitions."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="Mails about outages go to",
            help_text="One address on each line.",
            widget=forms.Textarea(attrs={"rows": 4, "class": "textarea", "spellcheck": "false"}),
        )

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: str | None) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))

    def validate(self, value: list[str]) -> None:
        if len(value) > MOST_ADDRESSES:
            raise ValidationError(f"At most {MOST_ADDRESSES} addresses. Use a mailing list for more people.")
        for address in value:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(f"“{address}” is not a mail address. Write it as name@example.org.") from error


class TeamForm(forms.ModelForm):
    """A team's name and where its mails go."""

    mail_to = AddressesField()

    class Meta:
        model = Team
        fields = ("name", "mail_to")
        widgets = {"name": forms.TextInput(attrs={"class": "input", "autocomplete": "organization"})}
        error_messages = {"name": {"unique": "There is a team of this name already."}}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class FirstAccountForm(BaseUserCreationForm):
    """The first account and its team."""

    email = forms.EmailField(
        label="Mail address",
        help_text="Mails about outages go here first. You can change that on the team's page.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    team_name = forms.CharField(
        max_length=80, label="Your team's name", initial="Platform", help_text="Endpoints belong to a team."
    )
    field_order = ("username", "email", "team_name", "password1", "password2")

    class Meta:
        model = User
        fields = ("username", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)


class SignInForm(AuthenticationForm):
    """User name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)


def _style(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        field.widget.attrs["class"] = "input"
