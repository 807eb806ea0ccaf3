"""Forms about people and teams."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm, UserCreationForm, UsernameField
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from core import display, mail_addresses, time_zones
from core.form_fields import LinesField
from core.stale import OpenedForm

from . import quotas
from .accounts import user_name
from .models import ApiToken, Role, Scope, Team
from .tokens import DAYS

PASSWORD_RULE = (
    "At least ten characters, not like your name, and not one that many use. A phrase of several words works well."
)
"""What AUTH_PASSWORD_VALIDATORS ask for, in words for people."""

_USER_NAME_RULE = "Others see it. Letters, digits and . + - _ only."
_USER_NAME_ERRORS = {
    "required": "Choose a user name.",
    "invalid": "Use only letters, digits and . + - _ in a user name, and no spaces.",
    "unique": user_name.TAKEN,
}

MISMATCH = "The two passwords differ. Type both again."


class AddressesField(LinesField):
    """Email addresses, one on each line; cleans to a list without repetitions.

    `there` is how many the stored list has: so many may stay when ADDRESSES_PER_TEAM was lowered since.
    """

    there = 0

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="Mails about outages go to",
            help_text="One address on each line.",
            widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        )

    def to_python(self, value: str | None) -> list[str]:
        return mail_addresses.distinct(map(_usable, super().to_python(value)))

    def validate(self, value: list[str]) -> None:
        if len(value) > max(settings.ADDRESSES_PER_TEAM, self.there):
            most, raising = settings.ADDRESSES_PER_TEAM, quotas.raising("ADDRESSES_PER_TEAM")
            raise ValidationError(f"At most {most} addresses. Use a mailing list for more people. {raising}")


class MailAddressField(forms.CharField):
    """One email address; cleans to its normal form."""

    widget = forms.EmailInput

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return _usable(text) if text else ""


def _usable(text: str) -> str:
    try:
        return mail_addresses.usable(text)
    except mail_addresses.Unmailable as error:
        raise ValidationError(str(error)) from None


def free_team_name(typed: str, own: Team | None = None) -> str:
    """The name without needless spaces. Raises ValidationError when another team has it."""
    name = " ".join(typed.split())
    others = Team.objects.exclude(pk=own.pk) if own else Team.objects.all()
    if others.filter(name=name).exists():
        raise ValidationError("There is a team of this name already.")
    return name


class TeamForm(OpenedForm):
    name = forms.CharField(label="Name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    mail_to = AddressesField()

    def __init__(self, *args: Any, team: Team | None = None, **kwargs: Any) -> None:
        if team:
            kwargs["initial"] = {"name": team.name, "mail_to": team.mail_to}
        super().__init__(*args, **kwargs)
        self.team = team
        if team:
            self.stands_for(kwargs["initial"])
        self.fields["mail_to"].there = len(team.mail_to) if team else 0  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return free_team_name(self.cleaned_data["name"], self.team)


class InvitationForm(forms.Form):
    email = MailAddressField(
        label="Email address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write the email address of whom you invite."},
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.OPERATOR)


class MailAddressForm(forms.Form):
    """The address that an account is to get; cleans to lower case."""

    email = MailAddressField(
        label="Address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Write the address."},
    )

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class UserNameForm(forms.Form):
    """Another user name for the account `own`."""

    username = UsernameField(
        label="User name",
        max_length=User._meta.get_field("username").max_length,
        validators=User._meta.get_field("username").validators,
        help_text=_USER_NAME_RULE,
        error_messages=_USER_NAME_ERRORS,
    )

    def __init__(self, *args: Any, own: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own, self.initial["username"] = own, own.username

    def clean_username(self) -> str:
        typed = self.cleaned_data["username"]
        if typed == self.own.username:
            raise ValidationError("This is your user name already.")
        return user_name.free(typed, self.own)


class DisplayForm(forms.Form):
    """Theme, clock and zone of a person."""

    theme = forms.ChoiceField(choices=tuple(display.THEMES.items()), required=False)
    clock = forms.ChoiceField(choices=tuple(display.CLOCKS.items()), required=False)
    zone = forms.CharField(
        required=False,
        label="Time zone",
        help_text="Such as Europe/Vienna. Empty: the browser's own.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, shown: display.Display, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"theme": shown.theme, "clock": shown.clock, "zone": shown.zone}

    def clean_zone(self) -> str:
        typed = self.cleaned_data["zone"]
        if typed and not time_zones.meant(typed):
            raise ValidationError(time_zones.unknown(typed))
        return time_zones.meant(typed)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, error_messages={"invalid_choice": "Choose one of the roles."})


class NewAccountForm(UserCreationForm):
    """The account of someone who was invited. The address is the invitation's."""

    error_messages = {"password_mismatch": MISMATCH}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.pop("autofocus", None)  # many have an account and need what is above
        _shorten(self)

    def clean_username(self) -> str:
        name = super().clean_username()
        return user_name.free(name) if name else ""  # None: somebody has it, which is said already


class TokenForm(forms.Form):
    """What the token is called, what it is good for, and for how long."""

    name = forms.CharField(
        max_length=ApiToken._meta.get_field("name").max_length,
        label="Name",
        help_text="What will use it, such as “Prometheus” or “status page”.",
        error_messages={"required": "Name what will use it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
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
    )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class TypedForm(forms.Form):
    """A text that has to be typed before something is deleted."""

    typed = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))

    def __init__(self, *args: Any, label: str, wanted: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].label = label
        self.wanted = wanted

    def clean_typed(self) -> str:
        typed = self.cleaned_data["typed"]
        if typed != self.wanted:
            raise ValidationError(f"This is not “{self.wanted}”, so nothing was deleted.")
        return typed


class FirstAccountForm(BaseUserCreationForm):
    error_messages = {"password_mismatch": MISMATCH}

    email = MailAddressField(
        label="Email address",
        error_messages={"required": "Write your email address."},
        help_text="Mails about outages go here first. You can change that on the team's page.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    team_name = forms.CharField(
        max_length=80,
        label="Your team's name",
        initial="Platform",
        help_text="Endpoints belong to a team.",
        error_messages={"required": "Name your team."},
    )
    field_order = ("username", "email", "team_name", "password1", "password2")

    class Meta:
        model = User
        fields = ("username", "email")

    def clean_username(self) -> str:
        return user_name.free(self.cleaned_data["username"])

    def clean_team_name(self) -> str:
        return free_team_name(self.cleaned_data["team_name"])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _shorten(self)


def _shorten(form: forms.BaseForm) -> None:
    """Words that are shorter than Django's."""
    name = form.fields["username"]
    name.label = "User name"
    name.widget.attrs["autocomplete"] = "username"
    name.error_messages |= _USER_NAME_ERRORS
    name.help_text = _USER_NAME_RULE
    form.fields["password1"].help_text = PASSWORD_RULE
    form.fields["password1"].error_messages["required"] = "Choose a password."
    form.fields["password2"].error_messages["required"] = "Type the password again."
    form.fields["password2"].label, form.fields["password2"].help_text = "Password again", ""
