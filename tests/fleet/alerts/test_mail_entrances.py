"""Every way in for an email address asks one judge: pages, the file of `apply`, commands, the provider's claims."""

import json

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from config import parsers
from fleet.models import AlertPolicy
from teams import invitations
from teams.accounts import first_account
from teams.models import Invitation, Role, Team
from teams.refusals import Refused
from teams.sso import facts
from tests.core.test_mail_addresses import BAD
from tests.fleet.alerts.test_alerting import GOOD as ALERTING

pytestmark = [pytest.mark.django_db, pytest.mark.database]

IDN, PUNYCODE = "a@MÜNCHEN.de", "a@xn--mnchen-3ya.de"
SPELLINGS = [address for address in BAD if address.strip()]
ONE_LINE = [address for address in SPELLINGS if len(address.splitlines()) == 1 and "\ud800" not in address]
ACCOUNT = {
    "username": "root",
    "team_name": "Platform",
    "password1": "a long passphrase",
    "password2": "a long passphrase",
}


@pytest.fixture
def page(client, alice, team):
    client.force_login(alice)
    return client


def apply(tmp_path, *addresses: str) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(f"teams:\n- slug: search\n  mail_to: {json.dumps(addresses)}\n", encoding="utf-8")
    call_command("apply", str(file))


@pytest.mark.parametrize("bad", ONE_LINE)
def test_the_pages_refuse_it(page, alice, team, bad):
    for path, sent in [
        ("/teams/", {"name": "Other", "mail_to": bad}),
        ("/teams/search/", {"name": "Search", "mail_to": f"oncall@example.org\n{bad}"}),
        ("/teams/search/alerting/", {**ALERTING, "escalate_to": bad}),
        ("/teams/search/invite/", {"email": bad, "role": "viewer"}),
    ]:
        answer = page.post(path, sent)
        assert answer.status_code == 200 and "is not an email address that can be used" in answer.content.decode(), path
    assert not AlertPolicy.objects.exists() and not Invitation.objects.exists()
    assert [team.mail_to for team in Team.objects.all()] == [["oncall@example.org"]]


@pytest.mark.parametrize("bad", SPELLINGS)
def test_the_file_and_the_commands_refuse_it(team, tmp_path, bad):
    if "\ud800" not in bad:
        with pytest.raises(CommandError, match=r"line 3: teams\[0\]\.mail_to\[0\]"):
            apply(tmp_path, bad)
    with pytest.raises(CommandError, match="is not an email address that can be used"):
        call_command("invite", bad, "--team", "search")
    with pytest.raises((CommandError, ValidationError)):
        call_command("createsuperuser", "--noinput", "--username", "root", "--email", bad)
    with pytest.raises(Refused, match="is not an email address that can be used"):
        invitations.invite(team, bad, Role.VIEWER, None)
    if "<" not in bad:
        with pytest.raises(ValueError, match="give an address such as"):
            parsers.mail_address(bad)
    assert not Invitation.objects.exists() and not User.objects.exists()


@pytest.mark.parametrize("bad", ONE_LINE)
def test_no_account_gets_it(client, bad):
    start = (first_account.link() or "").removeprefix("http://localhost:8700")
    answer = client.post(start, {**ACCOUNT, "email": bad})
    assert answer.status_code == 200 and not User.objects.exists()
    assert facts.person({"sub": "7", "email": bad, "email_verified": True}, {}).get("email") is None


def test_someone_with_an_address_that_cannot_be_used_still_signs_in_without_it():
    found = facts.person({"sub": "7", "name": "Dora", "email": "d@[::1]", "email_verified": True}, {})
    assert found == {
        "iss": "",
        "sub": "7",
        "preferred_username": "",
        "name": "Dora",
        "given_name": "",
        "family_name": "",
    }


def test_an_account_that_an_older_invitation_names_wrongly_is_not_made(team):
    invitation, _ = invitations.invite(team, "dora@example.org", Role.VIEWER, None)
    Invitation.objects.update(email=f"a@{'ü' * 60}.de")
    invitation.refresh_from_db()
    with pytest.raises(Refused, match="its domain can't exist"):
        invitations.register(invitation, "dora", "a long passphrase")
    assert not User.objects.exists()


def test_every_way_in_stores_the_same_form(page, alice, team, tmp_path):
    page.post("/teams/search/", {"name": "Search", "mail_to": f"{IDN}\nA@münchen.de\n{PUNYCODE}"})
    assert Team.objects.get().mail_to == [PUNYCODE]
    page.post("/teams/search/alerting/", {**ALERTING, "escalate_to": IDN})
    assert AlertPolicy.objects.get().escalate_to == [PUNYCODE]
    apply(tmp_path, IDN, "A@münchen.de")
    assert Team.objects.get().mail_to == [PUNYCODE]
    page.post("/teams/search/invite/", {"email": IDN, "role": "viewer"})
    call_command("invite", "a@mu\u0308nchen.de", "--team", "search")
    assert [invitation.email for invitation in Invitation.objects.all()] == [PUNYCODE]
    assert facts.person({"sub": "7", "email": IDN, "email_verified": True}, {})["email"] == PUNYCODE


def test_people_sign_in_and_get_a_new_password_by_either_spelling(client, smtp, wait_for):
    user = User.objects.create_user("dora", PUNYCODE, "a long passphrase")
    EmailAddress.objects.create(user=user, email=PUNYCODE, verified=True, primary=True)
    answer = client.post("/accounts/login/", {"login": IDN, "password": "a long passphrase"})
    assert answer.status_code == 302
    client.logout()
    client.post("/accounts/password/reset/", {"email": IDN})
    wait_for(lambda: smtp.recipients == [PUNYCODE], why="no mail about the password came")
