"""What the forms for a new account answer to what can't be taken, in our own words."""

import pytest

from teams.forms import FirstAccountForm, NewAccountForm

pytestmark = pytest.mark.django_db

GOOD = {
    "username": "dora", "email": "dora@example.org", "team_name": "Platform", "password1": "a phrase of five words",
    "password2": "a phrase of five words",
}  # fmt: skip


@pytest.mark.parametrize("form", [FirstAccountForm, NewAccountForm])
@pytest.mark.parametrize(
    ("typed", "field", "answer"),
    [
        ({"username": ""}, "username", "Choose a user name."),
        ({"username": "a b!"}, "username", "Use only letters, digits and . + - _ in a user name, and no spaces."),
        ({"username": "alice"}, "username", "Somebody has this user name, or had it. Choose another one."),
        ({"username": "dora@home"}, "username", "Choose a user name without an @"),
        ({"password1": ""}, "password1", "Choose a password."),
        ({"password2": ""}, "password2", "Type the password again."),
        ({"password2": "another"}, "password2", "The two passwords differ. Type both again."),
    ],
)
def test_each_mistake_is_named_with_what_to_do(alice, form, typed, field, answer):
    errors = form(GOOD | typed).errors
    assert list(errors) == [field] and errors[field][0].startswith(answer)


def test_the_first_account_asks_for_address_and_team():
    errors = FirstAccountForm(GOOD | {"email": "", "team_name": ""}).errors
    assert errors == {"email": ["Write your email address."], "team_name": ["Name your team."]}
