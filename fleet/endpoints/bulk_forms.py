"""What is asked before something is done to many endpoints at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.models import User

from core.tags import TagsField
from teams.access import teams_of
from teams.models import Role, Team

from ..incidents.forms import AcknowledgeForm
from ..models import Endpoint
from ..muting.forms import EndMixin, WindowForm
from .pause_form import PauseForm


class SilenceManyForm(EndMixin):
    reason = forms.CharField(
        label="Why", required=False, max_length=200, error_messages={"max_length": "At most 200 characters."}
    )


class MoveForm(forms.Form):
    team = forms.ModelChoiceField(
        Team.objects.none(), label="Team", empty_label="Choose ...",
        error_messages={"required": "Choose a team.", "invalid_choice": "Choose one of the list."},
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, endpoints: Sequence[Endpoint]) -> None:
        super().__init__(*args)
        teams, theirs = teams_of(user, Role.OPERATOR), {each.team_id for each in endpoints}
        if len(theirs) == 1:  # all would stay where they are
            teams = teams.exclude(pk__in=theirs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]


class TagsForm(forms.Form):
    tags = TagsField(
        label="Tags", help_text="With commas between them.", error_messages={"required": "Give at least one tag."}
    )


def form_of(action: str, user: User, endpoints: Sequence[Endpoint], *data: Any) -> forms.Form:
    """The form of an action of `bulk` on these endpoints, bound where there is data; most ask nothing.

    A new one begins at its first field; one that is bound begins where it has to be corrected.
    """
    forms_of: dict[str, Callable[..., forms.Form]] = {
        "acknowledge": AcknowledgeForm,
        "silence": SilenceManyForm,
        "maintenance": WindowForm,
        "pause": PauseForm,
        "tag": TagsForm,
        "untag": TagsForm,
        "move": partial(MoveForm, user=user, endpoints=endpoints),
    }
    form = forms_of.get(action, forms.Form)(*data)
    if not data and (fields := form.visible_fields()):
        fields[0].field.widget.attrs["autofocus"] = True
    return form


def values_of(form: forms.Form) -> dict[str, Any]:
    """What `Action.do` takes, of a form that is valid."""
    return form.values() if isinstance(form, WindowForm) else form.cleaned_data
