"""How fields of forms are drawn."""

import pytest
from django import forms

from core.form_fields import LongSelect


class Form(forms.Form):
    name = forms.CharField()
    mail = forms.EmailField()
    many = forms.IntegerField()
    kind = forms.ChoiceField()
    text = forms.CharField(widget=forms.Textarea)
    short = forms.CharField(widget=forms.Textarea(attrs={"class": "textarea short"}))
    agreed = forms.BooleanField()
    hidden = forms.CharField(widget=forms.HiddenInput)


def test_each_input_has_the_class_of_its_kind():
    drawn = {name: str(Form()[name]) for name in Form.base_fields}
    for name, wanted in {
        "name": "input",
        "mail": "input",
        "many": "input",
        "kind": "select",
        "text": "textarea",
    }.items():
        assert f'class="{wanted}"' in drawn[name]


def test_a_widget_keeps_a_class_of_its_own():
    assert str(Form()["short"]).count("class=") == 1 and 'class="textarea short"' in str(Form()["short"])


def test_boxes_and_hidden_inputs_have_no_class():
    assert "class=" not in str(Form()["agreed"]) + str(Form()["hidden"])


CHOICES = [("UTC", "UTC"), ("<b>", 'Bob\'s "<b>"'), ("1", "One"), ("Group <i>", [("2", "<two>"), ("UTC+1", "Three")])]


@pytest.mark.parametrize("value", ["UTC", "<b>", 1, 2, None, "", "unknown"])
@pytest.mark.parametrize("attrs", [{"class": "select", "data-zone": "", "required": True}, {"id": "a"}])
def test_it_is_the_select_that_django_draws(value, attrs):
    ours, theirs = (
        " ".join(kind(attrs, CHOICES).render("zone", value).split()).replace("> <", "><")
        for kind in (LongSelect, forms.Select)
    )
    assert ours == theirs


class Errors(forms.Form):
    word = forms.CharField(max_length=3)
    secret = forms.CharField(widget=forms.PasswordInput)
    mail = forms.EmailField()
    kind = forms.ChoiceField(choices=[("a", "A")])
    several = forms.MultipleChoiceField(choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
    many = forms.IntegerField(max_value=9)
    agreed = forms.BooleanField()
    own = forms.CharField(error_messages={"required": "Name it."})


def test_a_missing_value_gets_a_sentence_by_its_kind_unless_the_form_has_one():
    assert {name: errors[0] for name, errors in Errors({}).errors.items()} == {
        "word": "Fill this in: it is needed.",
        "secret": "Type the password.",
        "mail": "Write the email address, such as name@example.org.",
        "kind": "Choose one of the list.",
        "several": "Choose at least one.",
        "many": "Fill this in: it is needed.",
        "agreed": "Tick this to go on.",
        "own": "Name it.",
    }


def test_a_wrong_value_gets_a_sentence_with_what_to_do():
    typed = {"word": "four", "mail": "bob", "kind": "b", "several": ["b"], "many": "10"}
    errors = {name: errors[0] for name, errors in Errors(typed).errors.items()}
    assert errors["word"] == "At most 3 characters: these are 4. Shorten it."
    assert errors["mail"] == "This is no email address. Write it like name@example.org."
    assert errors["kind"] == errors["several"] == "This is not in the list. Choose one that is."
    assert errors["many"] == "Enter a number of at most 9."
