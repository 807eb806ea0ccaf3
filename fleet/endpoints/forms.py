"""The forms about one endpoint. Their sentences come from fleet.endpoints, which is the one way to store them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.form_fields import LinesField, LongSelect, number
from core.natural_order import Natural
from core.stale import OpenedForm
from core.tags import TagsField
from teams.access import preset_team, teams_of
from teams.models import Role, Team

from ..engines.errors import Cause
from ..engines.http.address import LONGEST_PASTE, Address, bare_host, read_address
from ..engines.http.api_key import clean_key, clean_username
from ..engines.registry import ENGINES
from ..engines.timeout import default_timeout
from ..models import Endpoint
from ..models.endpoint import limits
from ..verdict import causes
from . import actions, found, throttle
from .bare_host import HostSearch, search_host
from .fields import FIELDS
from .tags import in_use


def _number(
    label: str, field: str, unit: str, help_text: str, kind: type[forms.IntegerField] = forms.IntegerField
) -> Any:
    """A number with the limits and the default of the model's field. It may be left out where the model takes null."""
    column: Any = Endpoint._meta.get_field(field)
    label = f"{label} ({unit})" if unit else label
    more = {"initial": column.get_default(), "required": not column.null}
    return number(label, *limits(field), help_text, kind, **more)


TIMEOUT_HELP = "For the whole probe. Empty: 80 % of the interval, at most 5."
START_HELP = "Refusing or loading for so long is no trouble. Empty: learned from earlier starts. 0: no grace."


TOO_LONG = "An address has at most 500 characters."
UNVERIFIED_HELP = (
    "For https only. Whoever answers there is then taken for the server: anyone on the way can pose as it and read the "
    "API key. Better: name the file of your own authority in CA_BUNDLE."
)


class EndpointForm(OpenedForm):
    """Everything a team may say about an endpoint."""

    url = forms.CharField(
        label="Address",
        max_length=LONGEST_PASTE,
        help_text="The base URL, or a whole curl command; routes like /v1/chat/completions are left out. Of a host "
        "without a port, such as gpu-1, the check tries the usual ones.",
        error_messages={
            "required": "Write the address of the server, like http://gpu-1:11434.",
            "max_length": TOO_LONG,
        },
        widget=forms.TextInput(
            attrs={
                "type": "url", "inputmode": "url", "placeholder": "http://gpu-1:11434",
                "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True,
            }
        ),
    )  # fmt: skip
    name = forms.CharField(
        label="Name", max_length=80, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Default: host, port and path, such as gpu-1-11434.",
    )  # fmt: skip
    team = forms.ModelChoiceField(
        label="Team", queryset=Team.objects.none(), empty_label=None,
        help_text="Its operators can change the endpoint; outages are mailed to its addresses.",
        error_messages={"invalid_choice": "Choose one of your teams.", "required": "Choose one of your teams."},
    )  # fmt: skip
    tags = TagsField(
        label="Tags", required=False,
        widget=forms.TextInput(attrs={"list": "tags-in-use", "autocomplete": "off", "autocapitalize": "none"}),
        help_text="Up to 10 short words with commas between them, such as prod, chat. To filter and to alert by.",
    )  # fmt: skip
    api_key = forms.CharField(
        label="API key or password", required=False, max_length=4000, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Only where the server asks for one. It is stored encrypted and never shown again.",
    )  # fmt: skip
    username = forms.CharField(
        label="User name", required=False, max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text="Only for basic auth, mostly of a proxy in front. Left empty, the key is sent as a bearer key.",
    )  # fmt: skip
    unverified = forms.BooleanField(label="Do not verify its certificate", required=False, help_text=UNVERIFIED_HELP)
    engine = forms.ChoiceField(
        label="Engine", required=False,
        help_text="If set, any other engine counts as degraded.",
        error_messages={"invalid_choice": "Choose one of the engines in the list."},
    )  # fmt: skip
    interval = _number("Interval", "interval", "s", "5 to 3600.")
    timeout = _number("Timeout", "timeout", "s", TIMEOUT_HELP, forms.FloatField)
    fail_after = _number("Down after", "fail_after", "", "Failed probes in a row.")
    recover_after = _number("Up again after", "recover_after", "", "Good probes in a row.")
    fail_of = _number("… out of the last", "fail_of", "", "Probes. 0: they have to be in a row.")
    fail_for = _number("… for at least", "fail_for", "s", "Shorter outages do not alert. 0: no wait.")
    slow_after = _number("Slow threshold", "slow_after", "ms", "A slower first answer is degraded. Empty: never.")
    start_within = _number("Startup grace period", "start_within", "s", START_HELP)
    depends_on = forms.ModelChoiceField(
        label="Depends on", queryset=Endpoint.objects.none(), required=False, empty_label="nothing", widget=LongSelect,
        help_text="While that one is down, nobody is mailed about this one. It is probed all the same.",
        error_messages={"invalid_choice": "Choose another endpoint of the team."},
    )  # fmt: skip
    canary_models = LinesField(
        label="Canary models", required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One per line. Now and then one that is loaded is asked for a single token, so that an engine that "
        "answers but generates nothing is found. Empty: never.",
    )  # fmt: skip
    canary_every = _number("Canary interval", "canary_every", "s", "300 to 86400.")
    expected_models = LinesField(
        label="Expected models", required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One per line. If one of them is gone, the endpoint is degraded and the team gets a mail.",
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, endpoint: Endpoint | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.endpoint = user, endpoint
        self.pasted: Address | None = None
        self.bare_host = ""  # what was typed, where that was a host without a port
        self.fields["engine"].choices = [("", "find out"), *((e.NAME, e.LABEL) for e in ENGINES.values())]  # type: ignore[attr-defined]
        self.fields["timeout"].required, self.fields["timeout"].initial = False, None
        self.fields["depends_on"].queryset = _others(endpoint, user)  # type: ignore[attr-defined]
        if endpoint:
            del self.fields["team"]
            self.fields["name"].help_text = ""
            if endpoint.api_key:
                self.fields["api_key"].help_text = "One is stored. Left empty, it stays as it is."
                self.fields["forget_key"] = forms.BooleanField(label="Forget the stored key", required=False)
            self.stands_for({**initial_of(endpoint), "timeout": endpoint.timeout})
        else:
            team: Any = self.fields["team"]
            team.queryset = teams_of(user, Role.OPERATOR)
            preset = preset_team(user, self.initial.get("team", ""))
            self.initial["team"] = preset
            team.empty_label = None if preset else "Choose a team"

    def clean_url(self) -> str:
        typed: str = self.cleaned_data["url"]
        if self.endpoint and typed == self.endpoint.url:
            return typed
        self.bare_host = bare_host(typed)
        try:
            self.pasted = read_address(f"http://{self.bare_host}" if self.bare_host else typed)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if len(self.pasted.url) > 500:
            raise ValidationError(TOO_LONG)
        return self.pasted.url

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        pasted = self.pasted
        if pasted and (pasted.username or pasted.api_key):
            if not data.get("api_key", "").strip():
                data["username"], data["api_key"] = pasted.username, pasted.api_key
            self.data: Any = self.data.copy()
            self.data["url"], self.data["username"] = pasted.url, data.get("username", "")
            self.data["api_key"] = data["api_key"]  # no page shows it, but says that it has to be typed again
        for field, read in (("username", clean_username), ("api_key", self._clean_key)):
            try:
                data[field] = read(data.get(field, ""))
            except ValueError as error:
                self.add_error(field, str(error))
        if not data.get("name") and data.get("url"):
            data["name"] = actions.suggested_name(data["url"])[:80]
        return super().clean()

    @property
    def tags_in_use(self) -> list[str]:
        """What is suggested as tags: those of the team; for a new endpoint those of all teams to choose from."""
        teams = [self.endpoint.team] if self.endpoint else self.fields["team"].queryset  # type: ignore[attr-defined]
        return in_use(Endpoint.objects.filter(team__in=teams))

    def _clean_key(self, key: str) -> str:
        return clean_key(key, self.cleaned_data.get("username", ""))

    def save(self) -> Endpoint | None:
        """The added or changed endpoint; None when something is wrong, which the form's fields then say."""
        values = {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}
        values["verify_tls"] = not self.cleaned_data["unverified"]
        try:
            if self.endpoint:
                # An empty key field leaves the key alone: it is never sent to the page, so it can't come back from it.
                if not values["api_key"] and not self.cleaned_data.get("forget_key"):
                    del values["api_key"]
                actions.change(self.endpoint, **values)
                return self.endpoint
            reading = found.recall(self.user.pk, values["url"], values["username"])
            return actions.add(self.cleaned_data["team"], reading=reading, **values)
        except ValidationError as error:
            for field, messages in error.message_dict.items():
                self.add_error(field if field in self.fields else None, messages)
            return None

    def find_host(self) -> bool:
        """Of a host that came without a port, takes the address that answers there; False, and an error, if none does.

        Takes up to a few seconds.
        """
        if not self.bare_host:
            return True
        if not throttle.allowed(self.user.pk):
            self.add_error("url", throttle.REFUSED)
            return False
        search = search_host(self.bare_host, verify=not self.cleaned_data["unverified"])
        if not search.answered:
            self.add_error("url", search.nowhere or causes.sentence(Cause.DNS_FAILED))
            return False
        self.use(search)
        found.keep(self.user.pk, search.url, "", search.reading)
        return True

    def use(self, search: HostSearch) -> None:
        """Goes on with the address that a search of the typed host gave; where it answers, the field shows it."""
        self.cleaned_data["url"] = search.url
        if search.answered:
            self.data = self.data.copy()
            self.data["url"] = search.url

    def stored_key(self, url: str, verify: bool, username: str) -> str:
        """The key that may be sent to this address without being typed again; "" where there is none."""
        if self.endpoint is None or self.cleaned_data.get("forget_key"):
            return ""
        stored = {name: getattr(self.endpoint, name) for name in ("url", "verify_tls", "username")}
        return self.endpoint.api_key if actions.same_server(stored, url, verify, username) else ""

    @property
    def key_left_out(self) -> bool:
        """Whether a check goes without the stored key, since it is for another server or user name."""
        typed = self.cleaned_data
        if self.endpoint is None or not self.endpoint.api_key or typed.get("api_key") or typed.get("forget_key"):
            return False
        username = typed.get("username", "")
        return "url" in typed and not self.stored_key(typed["url"], not typed.get("unverified"), username)


def _others(endpoint: Endpoint | None, user: Any) -> Any:
    """What it may depend on: of its team; for a new one of any of the person's teams, since the team is chosen too."""
    others = Endpoint.objects.order_by(Natural("name"))
    if endpoint is None:
        return others.filter(team__in=teams_of(user, Role.OPERATOR))
    return others.filter(team=endpoint.team).exclude(pk=endpoint.pk)


def initial_of(endpoint: Endpoint) -> dict[str, Any]:
    """The values an edit form begins with. The key is not among them."""
    values = {name: getattr(endpoint, name) for name in FIELDS if name not in ("api_key", "verify_tls")}
    if endpoint.timeout == default_timeout(endpoint.interval):
        del values["timeout"]
    return {**values, "unverified": not endpoint.verify_tls}
