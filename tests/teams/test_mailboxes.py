"""Which addresses lead to one mailbox, and what a name may bring into a mail to a stranger."""

import pytest

from teams import mailboxes


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("victim@example.net", "Victim@Example.NET", True),
        ("victim@example.net", "victim+1@example.net", True),
        ("a@münchen.de", "a@xn--mnchen-3ya.de", True),
        ("victim@gmail.com", "v.ic.tim@gmail.com", True),
        ("victim@gmail.com", "victim@googlemail.com", True),
        ("victim@gmail.com", "V.Ictim+x.y@GoogleMail.com", True),
        ("victim@example.net", "v.ictim@example.net", False),
        ("victim@gmail.com", "victim@gmail.com.example.net", False),
        ("victim@gmail.com", "victim@notgmail.com", False),
        ("victim@gmail.com", "victim@mail.gmail.com", False),
        ("victim@gmail.com", "other@gmail.com", False),
    ],
)
def test_addresses_of_one_mailbox_share_its_turn(one, other, same):
    assert (mailboxes.mailbox(one) == mailboxes.mailbox(other)) == same
    assert mailboxes.take_turn(one)
    assert mailboxes.take_turn(other) != same
    mailboxes.give_turn_back(other)
    assert mailboxes.take_turn(one) == same, "the turn that was given back is the mailbox's"


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Search & Ranking (EU)", "Search & Ranking (EU)"),
        ("München", "München"),
        ("see http://evil.example/x", "see http evil example x"),
        ("www.evil.example", "www evil example"),
        ("a@b.example\r\nBcc: c", "a b example Bcc c"),
        ("evil。example", "evil example"),
        ("<b>now</b>", "b now b"),
        ("x" * 80, "x" * 40),
        ("://", "unnamed"),
    ],
)
def test_a_name_brings_no_link_into_a_mail(name, left):
    assert mailboxes.plain(name) == left
