"""Invitations: one link, one use, seven days; nothing is lost when the mail server is away."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from teams import invitations, mailboxes, members
from teams.accounts import administrators
from teams.models import AuditEntry, Invitation, Membership, Role
from teams.refusals import NotThere
from teams.team_lifecycle import new_team
from tests.html import flat

from .test_members import at_once, role_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

NEW = {"username": "dora", "password1": "a long passphrase", "password2": "a long passphrase"}


def text(answer) -> str:
    return flat(answer.content.decode())


def invite(client, user, email="dora@example.org", role="operator"):
    client.force_login(user)
    return client.post("/teams/search/invite/", {"email": email, "role": role})


def shown_link(answer) -> str:
    return re.search(r"http://localhost:8700(/join/[^<\s]+)", text(answer))[1]


def test_the_owner_sees_the_link_once_and_only_a_hash_of_it_is_kept(client, alice, team):
    answer = invite(client, alice)
    link = shown_link(answer)
    assert "No mail went out." in text(answer) and "No mail server is set." in text(answer)
    assert "no-store" in answer["Cache-Control"]
    token = link.split("/")[2]
    assert token not in repr(list(Invitation.objects.values()))
    page = text(client.get("/teams/search/"))
    assert "dora@example.org" in page and token not in page
    assert "dora" not in repr(list(AuditEntry.objects.values()))


def test_the_mail_has_both_parts_and_a_link_that_works(client, alice, team, smtp):
    assert "on its way by mail" in text(invite(client, alice))
    [mail] = smtp.messages
    assert (mail["To"], mail["Subject"]) == ("dora@example.org", "Join Search on Plimsoll")
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link = re.search(r"http://localhost:8700(/join/\S+)", plain)[1]
    assert f'href="http://localhost:8700{link}"' in html
    expires = f"until {Invitation.objects.get().expires_at:%-d %B %Y %H:%M} UTC"
    for said in ("alice invites you", "as operator", expires):
        assert said in plain and said in html
    assert "Join Search" in text(Client().get(link))


@pytest.mark.parametrize("answer", ["451 later", "554 never"])
def test_a_mail_server_that_refuses_does_not_lose_the_invitation(client, alice, team, smtp, answer):
    smtp.answer = answer
    page = invite(client, alice)
    assert "No mail went out." in text(page) and answer[4:] in text(page)
    assert "Join Search" in text(Client().get(shown_link(page)))
    smtp.answer = "250 ok"
    assert "on its way by mail" in text(invite(client, alice)), "a mail that did not leave costs no hour"


def test_a_mail_server_that_is_away_does_not_lose_the_invitation(client, alice, team, smtp, settings):
    settings.EMAIL_PORT = 1
    page = invite(client, alice)
    assert "The mail server did not take it" in text(page)
    assert "Join Search" in text(Client().get(shown_link(page)))


def test_someone_new_makes_an_account_and_is_signed_in(client, alice, team):
    link, browser = shown_link(invite(client, alice)), Client()
    answer = browser.post(link, NEW, follow=True)
    assert answer.redirect_chain[-1][0] == "/?team=search"
    assert "Welcome. You are operator of Search" in text(answer)
    dora = User.objects.get(username="dora")
    assert (dora.email, dora.is_superuser, role_of(dora, team)) == ("dora@example.org", False, "operator")
    assert UserSession.objects.filter(user=dora).count() == 1
    assert not Invitation.objects.exists()
    assert browser.post(link, NEW | {"username": "eve"}).status_code == 404
    shown = AuditEntry.objects.filter(actor_id=dora.pk).order_by("pk").values_list("action", flat=True)
    assert list(shown) == ["account.created", "invitation.accepted", "member.joined", "session.started"]


def test_only_the_link_out_of_the_mail_proves_the_address(client, alice, team, smtp, time_machine):
    """Otherwise an owner could make an account of somebody else's address, and the provider's sign-in would join it."""
    seen_by_owner = shown_link(invite(client, alice))
    plain = smtp.messages[0].get_body(("plain",)).get_content()
    mailed = re.search(r"http://localhost:8700(/join/\S+)", plain)[1]
    Client().post(seen_by_owner[:-1] + ".forged/", NEW)
    assert [(row.email, row.verified) for row in EmailAddress.objects.all()] == [("dora@example.org", False)]
    User.objects.get(username="dora").delete()
    time_machine.move_to(datetime.now(UTC) + timedelta(hours=1, seconds=1))
    invite(client, alice)
    plain = smtp.messages[1].get_body(("plain",)).get_content()
    assert Client().get(mailed).status_code == 404
    Client().post(re.search(r"http://localhost:8700(/join/\S+)", plain)[1], NEW)
    [row] = EmailAddress.objects.all()
    assert (row.email, row.verified, row.primary) == ("dora@example.org", True, True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"username": "ALICE"}, "Somebody has this user name"),
        ({"username": "bob@example.org"}, "without an @"),
        ({"password2": "another passphrase"}, "The two passwords differ"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": "dora-dora-dora", "password2": "dora-dora"}, "The two passwords differ"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said_and_the_link_stays_good(client, alice, team, typed, said):
    link, browser = shown_link(invite(client, alice)), Client()
    page = text(browser.post(link, NEW | typed))
    assert said in page and NEW["password1"] not in page
    assert browser.post(link, NEW).status_code == 302


def test_someone_who_is_signed_in_joins_with_one_post_and_checking_changes_nothing(client, alice, charlie, team):
    link, browser = shown_link(invite(client, alice)), Client()
    browser.force_login(charlie)
    assert "You are signed in as" in text(browser.get(link))
    browser.head(link)
    assert role_of(charlie, team) == "none" and Invitation.objects.count() == 1
    assert "You are operator of Search;" in text(browser.post(link, follow=True))
    assert role_of(charlie, team) == "operator" and not Invitation.objects.exists()


def test_someone_signed_out_is_led_to_the_sign_in_and_back(client, alice, charlie, team):
    link, browser = shown_link(invite(client, alice)), Client()
    assert f'href="/accounts/login/?next={link}"' in text(browser.get(link))
    answer = browser.post(f"/accounts/login/?next={link}", {"login": "charlie", "password": "a long password"})
    assert answer.url == link


@pytest.mark.parametrize(("has", "invited_as", "after"), [("owner", "viewer", "owner"), ("viewer", "owner", "owner")])
def test_a_member_keeps_the_higher_role(client, alice, bob, team, has, invited_as, after):
    link = shown_link(invite(client, alice, "bob-at-home@example.org", invited_as))
    Membership.objects.filter(user=bob).update(role=has)
    client.force_login(bob)
    client.post(link)
    assert role_of(bob, team) == after


def test_an_address_with_an_account_is_not_registered_again(client, alice, charlie, team):
    link = shown_link(invite(client, alice, "Charlie@example.org"))
    assert "Sign in to join the team" in text(Client().post(link, NEW))
    assert not User.objects.filter(username="dora").exists() and Invitation.objects.count() == 1


def test_the_address_of_a_member_is_not_invited(client, alice, bob, team):
    assert "bob@example.org belongs to a member of Search already" in text(invite(client, alice, "BOB@example.org"))


def test_who_only_claims_an_address_keeps_nobody_from_using_it(client, alice, charlie, team):
    EmailAddress.objects.create(user=charlie, email="dora@example.org", verified=False)
    link = shown_link(invite(client, alice))
    assert Client().post(link, NEW).status_code == 302


def test_after_seven_days_the_link_is_void(client, alice, team, time_machine):
    link = shown_link(invite(client, alice))
    time_machine.move_to(datetime.now(UTC) + timedelta(days=7, seconds=1))
    answer = Client().get(link)
    assert answer.status_code == 404 and "more than seven days old" in text(answer)
    assert Client().post(link, NEW).status_code == 404
    assert not User.objects.filter(username="dora").exists()


def test_inviting_again_makes_the_link_before_void(client, alice, team):
    before, after = shown_link(invite(client, alice)), shown_link(invite(client, alice, "DORA@example.org", "viewer"))
    assert Client().get(before).status_code == 404
    assert "as viewer" in text(Client().get(after))
    assert Invitation.objects.count() == 1


def test_a_withdrawn_invitation_is_void(client, alice, team):
    link = shown_link(invite(client, alice))
    client.post(f"/teams/search/invitations/{Invitation.objects.get().pk}/withdraw/")
    assert Client().get(link).status_code == 404
    assert AuditEntry.objects.filter(action="invitation.withdrawn", actor_id=alice.pk).count() == 1


def test_of_two_who_use_the_link_at_once_one_gets_in(alice, bob, charlie, admin_user, team):
    made, _ = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    said = at_once(lambda: invitations.accept(made, charlie), lambda: invitations.accept(made, admin_user))
    assert [type(each) for each in said if each] == [invitations.Gone]
    assert Membership.objects.filter(team=team, role=Role.VIEWER).count() == 1


def test_of_two_who_register_at_once_one_gets_an_account(alice, team):
    made, _ = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    acts = [lambda name=name: invitations.register(made, name, "a long passphrase") for name in ("dora", "eve")]
    said = at_once(*acts)
    assert [type(each) for each in said if each] == [invitations.Gone]
    assert User.objects.filter(username__in=["dora", "eve"]).count() == 1


def test_too_many_invitations_in_an_hour_are_refused(client, alice, team, monkeypatch):
    monkeypatch.setattr(invitations, "AN_HOUR", 2)
    for name in ("a", "b"):
        assert "/join/" in text(invite(client, alice, f"{name}@example.org"))
    assert "2 invitations an hour" in text(invite(client, alice, "c@example.org"))
    assert Invitation.objects.count() == 2


def test_what_is_no_address_is_said_on_the_page(client, alice, team):
    page = text(invite(client, alice, "nobody"))
    assert "is not an email address" in page and 'value="nobody"' in page


def test_the_command_prints_a_link_that_works_once(team, capsys):
    call_command("invite", "dora@example.org", "--team", "search", "--role", "viewer")
    link = re.search(r"http://localhost:8700(/join/\S+)", capsys.readouterr().out)[1]
    Client().post(link, NEW)
    assert role_of(User.objects.get(username="dora"), team) == "viewer"
    assert AuditEntry.objects.get(action="invitation.sent").via == "manage.py invite"
    assert Client().get(link).status_code == 404


def test_the_command_mails_the_link_where_mail_is_set_up(team, smtp, capsys):
    call_command("invite", "dora@example.org", "--team", "search")
    assert "went out by mail" in capsys.readouterr().out
    assert smtp.recipients == ["dora@example.org"]


def test_the_command_takes_someone_with_an_account_into_the_team(charlie, team, capsys):
    call_command("invite", "CHARLIE@example.org", "--team", "search", "--role", "owner")
    assert "charlie has an account and is owner of Search now" in capsys.readouterr().out
    assert role_of(charlie, team) == "owner"
    assert AuditEntry.objects.get(action="member.joined").via == "manage.py invite"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bob@example.org", "--team", "nope"], "There is no team “nope”. Teams: search"),
        (["nonsense", "--team", "search"], "is not an email address"),
        (["bob@example.org", "--team", "search", "--role", "king"], "invalid choice"),
    ],
)
def test_the_command_says_what_is_wrong(alice, words, said):
    with pytest.raises(CommandError, match=said):
        call_command("invite", *words)


def test_a_former_owner_can_not_withdraw(alice, bob, team):
    made, token = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    members.remove(alice, team, bob)
    with pytest.raises(NotThere):
        invitations.withdraw(made, bob)
    assert invitations.find(token)


def test_who_is_no_admin_any_more_can_not_come_back_by_an_invitation(admin_user, alice, bob, team):
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    bob.refresh_from_db()
    _, into_others = invitations.invite(new_team(alice, "Other", []), "me-again@example.org", Role.OWNER, bob)
    _, into_own = invitations.invite(team, "dora@example.org", Role.VIEWER, bob)
    administrators.make_admin(admin_user, bob, False)
    assert invitations.find(into_others) is None
    assert invitations.find(into_own) is not None


def test_a_mailbox_gets_one_invitation_an_hour_whichever_team_invites(client, alice, charlie, team, smtp, time_machine):
    assert "on its way by mail" in text(invite(client, alice, "vic.tim@gmail.com"))
    other, stranger = new_team(charlie, "Other", []), Client()
    stranger.force_login(charlie)
    for email in ("vic.tim@gmail.com", "Victim+7@GoogleMail.com"):
        page = stranger.post("/teams/other/invite/", {"email": email, "role": "viewer"})
        assert "No mail went out." in text(page) and "got a link or an invitation lately" in text(page)
        assert "Join Other" in text(Client().get(shown_link(page))), "the link is good all the same"
    client.post("/teams/search/", {"name": "Search", "mail_to": "victim@gmail.com"})
    assert smtp.recipients == ["vic.tim@gmail.com"]
    time_machine.move_to(datetime.now(UTC) + timedelta(hours=1, seconds=1))
    made, token = invitations.invite(other, "victim@gmail.com", Role.VIEWER, charlie)
    assert invitations.send(made, token) == "" and len(smtp.recipients) == 2


def test_the_mail_has_names_without_links(client, alice, team, smtp):
    name = "WIN at http://evil.example/x <b>now</b> a@b.example, it is free"
    team.name, alice.username = name, "www.evil.example"
    team.save()
    alice.save()
    invite(client, alice)
    [mail] = smtp.messages
    parts = [mail["Subject"], *(mail.get_body((kind,)).get_content() for kind in ("plain", "html"))]
    for part in parts:
        assert mailboxes.plain(name).replace("&", "&amp;") in part
        assert "evil.example" not in part and "a@b" not in part and "<b>" not in part and "it is free" not in part
    assert all("www evil example invites you" in part for part in parts[1:])
