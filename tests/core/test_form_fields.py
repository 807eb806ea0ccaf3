from django import forms


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
