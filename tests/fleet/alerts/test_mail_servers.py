"""Mail servers as they are: what each answer means for this mail, for the others of the sweep, and for the pages."""

import threading

import pytest

from core import mail_refusals
from fleet.alerts import claims, delivery, test_messages
from fleet.models import Message, Recipient
from tests.fleet.alerts.outbox import due_again, note
from tests.odd_mail_server import Answer, OddMailServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

LOGIN = {"EHLO": "250-odd.example\r\n250 AUTH PLAIN LOGIN"}
SIGNING_IN = {"EMAIL_HOST_USER": "me", "EMAIL_HOST_PASSWORD": "a-password"}
TLS = {"EMAIL_USE_TLS": True}
AWAY = ["unreached", "", ""]
LOST = ["refused", "refused", ""]
REFUSED = ["refused"] * 3

FOR_ALL: list[tuple[dict[str, Answer], dict[str, object], list[str], int, str]] = [
    # its script, our settings, the last try of three mails, connections, what the page says
    ({"connect": None}, {}, AWAY, 1, "broke off"),
    ({"connect": "421 4.3.2 too many connections"}, {}, AWAY, 1, "421 4.3.2"),
    ({"connect": "554 5.7.1 you are listed"}, {}, AWAY, 1, "554 5.7.1"),
    ({"EHLO": "502 no", "HELO": "504 5.5.2 need fully-qualified hostname"}, {}, AWAY, 1, "504 5.5.2"),
    ({"EHLO": "421 4.7.0 later"}, {}, AWAY, 1, "broke off"),
    ({}, TLS, AWAY, 1, "offers no STARTTLS. Use smtp+ssl://"),
    ({"EHLO": "250-odd.example\r\n250 STARTTLS", "STAR": "454 4.7.0 TLS not available"}, TLS, AWAY, 1, "454 4.7.0"),
    ({"EHLO": "250-odd.example\r\n250 STARTTLS", "STAR": "220 but I talk on"}, TLS, AWAY, 1, ""),
    ({}, SIGNING_IN, AWAY, 1, "Use smtp+tls:// in EMAIL_URL"),
    ({"EHLO": "250-odd.example\r\n250 AUTH XOAUTH2"}, SIGNING_IN, AWAY, 1, "no way to sign in in common"),
    (LOGIN | {"AUTH": "538 5.7.11 encrypt"}, SIGNING_IN, ["unreached"] * 3, 1, "Use smtp+tls:// in EMAIL_URL"),
    (LOGIN | {"AUTH": "421 4.7.0 too many failures"}, SIGNING_IN, ["unreached"] * 3, 1, "421 4.7.0"),
    (LOGIN | {"AUTH": None}, SIGNING_IN, AWAY, 1, "broke off: while signing in"),
    (LOGIN | {"AUTH": "535 5.7.8 no"}, SIGNING_IN, ["unreached"] * 3, 1, "Check the user and the password"),
    ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, {}, AWAY, 1, "Use smtp+tls:// in EMAIL_URL"),
    ({"MAIL": "530 5.7.1 Authentication required"}, {}, AWAY, 1, "530 5.7.1"),
    ({"MAIL": "553 5.7.1 sender not owned by you"}, {}, AWAY, 1, "553 5.7.1"),
    ({"MAIL": "421 4.4.5 busy"}, {}, AWAY, 1, "421 4.4.5"),
    ({"MAIL": None}, {}, LOST, 2, "broke off"),
    ({"MAIL": "552 5.3.4 too large"}, {}, ["own"] * 3, 1, ""),
    ({"RCPT": "550 5.7.1 relaying denied"}, {}, REFUSED, 1, ""),
    ({"RCPT": "504 5.5.2 <x>: Helo command rejected"}, {}, ["own"] * 3, 1, ""),
    ({"RCPT": "421 4.7.0 too many mails"}, {}, LOST, 2, "421 4.7.0"),
    ({"DATA": "451 4.3.0 later"}, {}, REFUSED, 1, ""),
    ({"DATA": None}, {}, LOST, 2, "broke off"),
    ({"text": "554 5.7.1 spam"}, {}, REFUSED, 1, ""),
    ({"text": "451 4.3.0 later"}, {}, REFUSED, 1, ""),
    ({"text": "421 4.3.0 shutting down"}, {}, LOST, 2, "421 4.3.0"),
    ({"text": None}, {}, LOST, 2, "broke off"),
    ({"QUIT": None}, {}, ["sent"] * 3, 1, ""),
    ({"EHLO": "502 no"}, {}, ["sent"] * 3, 1, ""),
]  # fmt: skip

NO_SUCH_ADDRESS = [
    "550 5.1.1 no such user", "550 no such user", "551 moved", "553 bad name",
    "554 5.1.1 unknown", "501 5.1.3 bad syntax",
    "550 sorry, no mailbox here by that name. (#5.1.1)", "550 #5.1.0 Address rejected",
    "550-5.1.1 Really\r\n550 5.1.1 none",
    "550 5.1.10 null MX", "550 no such user at 5.7.1.9",
]  # fmt: skip
POLICY = [
    "550 5.7.1 relaying denied", "553 not in my list of rcpthosts (#5.7.1)", "554 5.7.1 listed",
    "550 5.7.26 unauthenticated",
    "550 5.1.8 <plimsoll@localhost>: Sender address rejected", "553 5.1.7 bad sender",
]  # fmt: skip
LATER = [
    "450 4.2.0 greylisted", "451 try later", "452 4.2.2 full", "552 5.2.2 mailbox full", "550 5.2.1 disabled",
    "450 5.1.1 odd",
    "550 4.1.1 odd", "554 no", "504 5.5.2 Helo command rejected",
]  # fmt: skip
FOR_ONE = [
    *[(answer, "given_up", "own", True) for answer in NO_SUCH_ADDRESS],
    *[(answer, "waiting", "refused", False) for answer in POLICY],
    *[(answer, "waiting", "own", False) for answer in LATER],
]


@pytest.fixture
def mails(team) -> list[Message]:
    """Three mails that are due."""
    return [note(team, f"{name}@example.org") for name in "abc"]


@pytest.fixture
def serve(smtp, settings):
    """Has a server of this script in place of the good one."""
    servers = []

    def start(**script: Answer) -> OddMailServer:
        servers.append(OddMailServer(**script))
        settings.EMAIL_PORT = servers[-1].port
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.mark.parametrize(("script", "ours", "ends", "connections", "page"), FOR_ALL)
def test_an_answer_to_all_mails(mails, serve, settings, valkey, script, ours, ends, connections, page):
    server = serve(**script)
    for name, value in ours.items():
        setattr(settings, name, value)
    delivery.deliver()
    rows = Message.objects.order_by("pk")
    assert [row.last_try or row.state.replace("waiting", "") for row in rows] == ends
    assert server.connections == connections and len(server.verbs("AUTH")) <= 2
    shown = valkey.get("plimsoll:mail").decode()
    assert page in shown and bool(shown) is (ends in (AWAY, LOST) or "AUTH" in script)


@pytest.mark.parametrize(("answer", "state", "last_try", "bounced"), FOR_ONE)
def test_an_answer_to_one_address_costs_that_mail_alone(mails, serve, answer, state, last_try, bounced):
    server = serve(RCPT=lambda line: answer if "<a@" in line else "250 2.1.5 well")
    assert delivery.deliver() == 2
    first = Message.objects.get(recipient="a@example.org")
    assert (first.state, first.last_try) == (state, last_try) and answer.split()[-1] in first.error
    assert Recipient.objects.filter(address="a@example.org", bounced_at__isnull=False).exists() is bounced
    assert server.connections == 1


@pytest.mark.parametrize("end", [None, "421 4.7.0 bye"])
def test_an_address_that_ends_the_connection_costs_one_connection(mails, serve, end, valkey):
    server = serve(RCPT=lambda line: end if "<a@" in line else "250 2.1.5 well")
    assert delivery.deliver() == 2
    assert server.connections == 2 and valkey.get("plimsoll:mail") == b""


def test_a_wrong_password_is_not_tried_again_by_the_next_sweeps(mails, serve, settings):
    server = serve(**LOGIN, AUTH="535 5.7.8 bad credentials")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "me", "a-password"
    for _ in range(3):
        delivery.deliver()
    assert server.connections == 1
    server.script["AUTH"] = "235 2.7.0 welcome"
    due_again()
    assert delivery.deliver() == 3


@pytest.fixture
def slow(serve, settings):
    """A server that has answered no text until its event is set; the sweep soon goes on."""
    settings.EMAIL_TIMEOUT = 0.3
    done = threading.Event()
    server = serve(text=lambda _: "250 2.0.0 taken at last" if done.wait(20) else None)
    yield server, done
    done.set()


def test_a_text_that_is_answered_late_is_sent_once_and_holds_up_no_other(mails, slow, wait_for):
    server, done = slow
    assert delivery.deliver() == 0
    assert server.connections == 3
    assert {row.error for row in Message.objects.all()} == {"The mail server has the text and has not answered yet."}
    due_again()  # as if the lease had been short
    assert delivery.deliver() == 0 and server.connections == 3
    done.set()
    wait_for(lambda: Message.objects.filter(state="sent", error="").count() == 3)
    assert len(server.texts) == 3


@pytest.mark.parametrize("late", ["554 5.7.1 spam", "421 4.3.0 bye", None])
def test_a_late_refusal_is_one_as_well(mails, slow, wait_for, late):
    server, done = slow
    server.script["text"] = lambda _: late if done.wait(20) else None
    delivery.deliver()
    done.set()
    wait_for(lambda: {row.last_try for row in Message.objects.all()} == {"refused"})
    wait_for(lambda: not delivery.sending._unanswered)
    assert (late or "broke off") in Message.objects.first().error


def test_a_test_mail_without_an_answer_may_arrive_all_the_same(team, slow, monkeypatch):
    monkeypatch.setattr(test_messages, "SECONDS", 0.3)
    [tried] = test_messages.mail(team)
    assert not tried.taken and "has the mail and did not answer within 0.3 s. It may arrive" in tried.sentence


@pytest.mark.parametrize(("script", "ours", "said"), [
    ({}, SIGNING_IN, "Use smtp+tls:// in EMAIL_URL"),
    ({}, TLS, "offers no STARTTLS"),
    (LOGIN | {"AUTH": "535 5.7.8 no"}, SIGNING_IN, "answered: 535 5.7.8 no. Check the user and the password"),
    ({"RCPT": "550 5.7.1 relaying denied"}, {}, "refused the address: 550 5.7.1 relaying denied"),
    ({"EHLO": "502 no", "HELO": "504 5.5.2 bare name"}, {}, "504 5.5.2 bare name"),
])  # fmt: skip
def test_a_test_mail_has_the_servers_words_and_what_to_do(team, serve, settings, script, ours, said):
    serve(**script)
    for name, value in ours.items():
        setattr(settings, name, value)
    [tried] = test_messages.mail(team)
    assert said in tried.sentence and f"127.0.0.1:{settings.EMAIL_PORT} " in tried.sentence
    assert not Recipient.objects.exists()


def test_while_texts_are_filtered_their_lease_is_as_long_as_the_wait(mails, slow):
    delivery.deliver()
    rest = [(row.next_try_at - row.created_at).total_seconds() for row in Message.objects.all()]
    assert min(rest) > 600


def test_many_texts_without_an_answer_are_the_servers_trouble(team, mails, slow, valkey, wait_for):
    server, done = slow
    more = [note(team, f"{name}@example.org") for name in "def"]
    delivery.deliver()
    assert server.connections == 4 and b"has 4 mails and has not answered" in valkey.get("plimsoll:mail")
    done.set()
    wait_for(lambda: Message.objects.filter(state="sent").count() == 4)
    wait_for(lambda: not delivery.sending.busy())
    assert delivery.deliver() == 2 and len(server.texts) == 3 + len(more)


def test_a_worker_that_stops_gives_back_what_was_not_answered(mails, slow, monkeypatch):
    monkeypatch.setattr(claims, "_stopping", False)
    delivery.deliver()
    claims.stop(patience=0)
    assert {row.attempts for row in Message.objects.all()} == {0}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"5.1.1 unknown", (5, 1, 1)),
        (b"unknown (#5.7.1)", (5, 7, 1)),
        (b"blocked, see 5.1.1.7", None),
        (b"version 15.1.1", None),
        (b"\xff", None),
    ],
)
def test_enhanced_codes_are_found_and_addresses_are_none(said, status):
    assert mail_refusals.enhanced(said) == status
