"""The judge of email addresses: what passes can be mailed to, in the one way that it is written."""

import pytest
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

from core.mail_addresses import LONGEST, Unmailable, sender, usable

LONG_DOMAIN = f"{'d' * 63}.{'e' * 63}.{'f' * 60}.de"

GOOD = {
    "oncall@example.org": "oncall@example.org",
    " oncall@example.org \n": "oncall@example.org",
    "On.Call@EXAMPLE.Org": "On.Call@example.org",
    "a+gpu@example.org": "a+gpu@example.org",
    "o'neil_%x!@example.org": "o'neil_%x!@example.org",
    "root@localhost": "root@localhost",
    "a@münchen.de": "a@xn--mnchen-3ya.de",
    "a@MÜNCHEN.de": "a@xn--mnchen-3ya.de",
    "a@mu\u0308nchen.de": "a@xn--mnchen-3ya.de",
    "a@xn--mnchen-3ya.de": "a@xn--mnchen-3ya.de",
    "a@XN--MNCHEN-3YA.de": "a@xn--mnchen-3ya.de",
    "a@straße.de": "a@xn--strae-oqa.de",  # Django would send it to strasse.de
    "a@例え.テスト": "a@xn--r8jz45g.xn--zckzah",
    "a@example\u3002org": "a@example.org",
    "a@\uff45xample.org": "a@example.org",
    f"a@{'b' * 63}.de": f"a@{'b' * 63}.de",
    f"{'l' * 64}@example.org": f"{'l' * 64}@example.org",
    f"{'l' * 62}@{LONG_DOMAIN}": f"{'l' * 62}@{LONG_DOMAIN}",
}

BAD = [
    "", " ", "oncall", "@example.org", "oncall@", "a@b@example.org", "a@@example.org", "a b@example.org",
    "a,b@example.org", "a@example.org, b@example.org", "a;b@example.org", "Oncall <a@example.org>", "<a@example.org>",
    "mailto:a@example.org", "a(x)@example.org", "a@example.org(x)", ".a@example.org", "a.@example.org",
    "a..b@example.org", "a\\@example.org", "a@example", "a@example.org.", "a@example..org", "a@.org", "a@-a.org",
    "a@a-.org", "a@a_b.org", "a@exa mple.org", "a@1.2.3.4", "a@[127.0.0.1]", "a@[::1]", "a@[IPv6:::1]",
    "a@example.org\nBcc: x@example.net", "a@example.org\rx", "a@example.org\u2028x", "a\x00@example.org",
    "a\x7f@example.org", "a@exam\u200bple.org", "\u202ea@example.org", "a\u00a0b@example.org", '"a b"@example.org',
    '"a"@example.org', '"a\\\n"@example.org', "=?utf-8?q?a?=@example.org", "=?utf-8?b?YQ==?=@example.org",
    "ä@example.org", "\u0430@example.org", "a\uff20example.org", f"a@{'ü' * 60}.de", f"a@{'b' * 64}.de",
    f"a@{'.'.join(['b' * 60] * 5)}.de", f"{'l' * 65}@example.org", f"{'l' * 63}@{LONG_DOMAIN}", "a@xn--a.de",
    "a@xn--zzzzzzz99999.de", "a@xn--.de", "a@☃.net", "a@\u0301.de", "a@\ud800.de", "\ud800@example.org",
]  # fmt: skip
BAD_ALONE = [text for text in BAD if "<" not in text]


@pytest.mark.parametrize(("typed", "normal"), GOOD.items())
def test_one_address_has_one_form_and_can_be_put_into_a_mail(typed, normal):
    assert usable(typed) == normal == usable(normal)
    assert sanitize_address(normal, "utf-8") == normal and len(normal) <= LONGEST
    message = EmailMessage("s", "b", "from@example.org", [normal]).message()
    assert normal in message.as_bytes().decode("ascii")


@pytest.mark.parametrize("typed", BAD)
def test_what_cannot_be_mailed_to_is_refused_in_a_sentence(typed):
    with pytest.raises(Unmailable) as refused:
        usable(typed)
    said = str(refused.value)
    assert said.endswith("Write it as name@example.org.") and said.isprintable() and len(said) < 300


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("plimsoll@example.org", "plimsoll@example.org"),
        ("Plimsoll <plimsoll@Bücher.example>", "Plimsoll <plimsoll@xn--bcher-kva.example>"),
        ("Müller & Co <a@example.org>", "Müller & Co <a@example.org>"),
        ('"GPU, watch" <a@example.org>', '"GPU, watch" <a@example.org>'),
        ("Ops, Night <a@example.org>", '"Ops, Night" <a@example.org>'),
        ("Zoë; Ops <a@example.org>", '"Zoë; Ops" <a@example.org>'),
        ("Ops [EU]: <a@example.org>", '"Ops [EU]:" <a@example.org>'),
        ("<a@example.org>", "a@example.org"),
    ],
)
def test_a_sender_may_have_a_name(text, normal):
    assert sender(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "x@b.de, P <a@b.de>",
        '"P <a@b.de>',
        "P <a@b.de> x",
        "P <a@b.de",
        "P\nx <a@b.de>",
        "P <q> <a@b.de>",
        "P <a@ü>",
        *BAD_ALONE,
    ],
)
def test_a_sender_that_no_mail_can_have_is_refused(text):
    with pytest.raises(Unmailable):
        sender(text)
