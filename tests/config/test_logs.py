"""What is logged of requests that were refused, and of what fails again and again."""

import io
import logging
import time
from collections.abc import Iterator

import pytest
import time_machine

from config.logs import LINES, OWN_LINES, NotTooOften
from core.redaction import Formatter
from teams.models import Membership, Role


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the product's handler writes."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(Formatter("{levelname} {name}: {message}", style="{"))
    handler.addFilter(NotTooOften())
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def fail(kind: type[Exception] = OSError) -> None:
    """Logs a traceback, as a part does whose broker or disk is away."""
    try:
        raise kind(f"away since {time.time()}")
    except Exception:
        logging.getLogger("plimsoll.test").exception("It did not work.")


def test_a_refusal_is_one_line_with_its_path(client, charlie, team, written):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    client.force_login(charlie)
    assert client.get(f"/teams/{team.slug}/tokens/").status_code == 403
    (line,) = written.getvalue().splitlines()
    assert f"/teams/{team.slug}/tokens/" in line


@pytest.mark.django_db
@pytest.mark.parametrize(
    "request_of",
    [
        lambda client: client.get("/guide/", headers={"host": "evil.example.org"}),
        lambda client: client.get("/guide/", headers={"host": "a b"}),
        lambda client: client.post("/accounts/login/", {f"field{n}": "x" for n in range(1001)}),
        lambda client: client.post("/accounts/login/", "a" * 2_000_000, "application/x-www-form-urlencoded"),
        lambda client: client.post("/accounts/login/", {"file": io.BytesIO(b"text")}),
        lambda client: client.post("/accounts/login/", "--", content_type="multipart/form-data; boundary=é"),
        lambda client: client.get("/guide/", {"a": "\0"}),
        lambda client: client.get("/there-is-no-such-page/"),
    ],
    ids=["host", "odd host", "many fields", "large body", "file", "boundary", "NUL", "no page"],
)  # fmt: skip
def test_known_refusals_have_no_traceback(client, alice, written, request_of):
    assert 400 <= request_of(client).status_code < 500
    assert "Traceback" not in written.getvalue() and len(written.getvalue().splitlines()) <= 2


@pytest.mark.django_db
def test_strangers_can_write_so_many_lines_a_minute(client, written):
    for number in range(3 * LINES):
        client.get("/guide/", headers={"host": f"evil-{number}.example.org"})
        client.get(f"/there-is-no-page-{number}/")
    assert len(written.getvalue().splitlines()) <= 4 * LINES  # Django has two loggers for each wrong host
    assert f"evil-{LINES - 1}." in written.getvalue() and f"evil-{LINES}." not in written.getvalue()


def test_of_what_fails_again_and_again_one_traceback_is_written_a_minute(written):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        for _ in range(100):
            fail()
        assert written.getvalue().count("Traceback") == 1
        clock.shift(61)
        fail()
    assert written.getvalue().count("Traceback") == 2
    assert "It did not work. (99 more like this were left out)" in written.getvalue()


def test_another_kind_of_failure_is_written_at_once(written):
    fail()
    fail(ValueError)
    assert written.getvalue().count("Traceback") == 2


def test_a_clock_that_was_set_back_does_not_silence_the_log(written):
    fail()
    with time_machine.travel(time.time() - 7200):
        fail()
    assert written.getvalue().count("Traceback") == 2


def test_what_a_part_says_that_is_away_has_an_end_and_what_is_only_news_has_none(written):
    log = logging.getLogger("plimsoll.test")
    log.setLevel(logging.INFO)
    for number in range(500):
        log.warning("Broker away %d", number)
        log.info("Mail %d", number)
    assert written.getvalue().count("Broker away") == OWN_LINES
    assert written.getvalue().count("Mail") == 500
