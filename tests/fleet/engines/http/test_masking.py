"""A key that a server sends back is masked in whatever spelling."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engines.errors import ProbeError, TooCostly
from fleet.engines.http.client import Client
from fleet.engines.http.masking import MOST_ESCAPES, Mask
from tests.hostile_server import HostileServer, answer

KEY = "sk/abc+d\"e<f>&'g-0123456789=="
PASSWORD = "geh é😀im/wört1"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLINGS = {
    "as it is": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON, every character": lambda text: "".join(f"\\u{unit:04X}" for unit in _units(text)),
    "Python": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "read as Latin-1": lambda text: text.encode().decode("latin-1"),
    "of a form": quote_plus,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded, in lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "HTML, by numbers": lambda text: "".join(f"&#{ord(char):04d};" for char in text),
    "HTML, by hexadecimal numbers": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "base64": _base64,
    "base64 in a URL": lambda text: quote(_base64(text), safe=""),
    "base64 of the other alphabet": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-be")
    return [int.from_bytes(data[n : n + 2]) for n in range(0, len(data), 2)]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_key_is_masked_in_every_spelling(spelling: str) -> None:
    masked = Mask(KEY).text(f"refused: {SPELLINGS[spelling](KEY)}; key {SPELLINGS[spelling](KEY)}.")
    assert masked.replace("=", "").replace("%3D", "") == "refused: ***; key ***."


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_password_is_masked_alone_and_with_its_user_name(spelling: str) -> None:
    mask, spelled = Mask(PASSWORD, "bób"), SPELLINGS[spelling]
    assert mask.text(f"refused: {spelled(PASSWORD)}!") == "refused: ***!"
    masked = mask.text(f"refused: {spelled(f'bób:{PASSWORD}')}!")
    assert masked.startswith("refused: ") and masked.replace("=", "").replace("%3D", "").endswith("***!")


def test_an_answer_without_the_key_is_left_as_it_is() -> None:
    body = json.dumps({"template": "{% if x %}\n&amp; \u0073k %73k", "path": "a/b"}).replace("/", "\\/").encode()
    assert Mask(KEY).body(body) == body
    assert Mask().text("a&amp;b") == "a&amp;b"


@given(st.text("ab*\\/%2&#;u0", min_size=1), st.text("ab*\\/%2&#;u0"))
def test_masking_ends_whatever_the_key_and_the_answer_are(key: str, text: str) -> None:
    assert key in "***" or key not in Mask(key).text(f"{text}{key}{text}").replace("***", "\n")


def test_an_answer_of_nothing_but_escapes_is_refused() -> None:
    with pytest.raises(TooCostly):
        Mask("sk-0123456789").body(b"%41" * (MOST_ESCAPES + 1))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_key_that_is_sent_back_reaches_neither_messages_nor_facts(server: HostileServer, spelling: str) -> None:
    echoed = SPELLINGS[spelling](KEY)

    server.on("/", answer(401, f"you sent {echoed}".encode(), X_Error=echoed))
    with Client(server.url, api_key=KEY) as client:
        got = client.get("/")
        with pytest.raises(ProbeError) as caught:
            got.json(dict)
    kept = got.headers["X-Error"] + got.quote + got.text + caught.value.detail + client.scrub(f"you sent {echoed}")
    assert "you sent ***" in got.quote and "456" not in kept and "NDU2" not in kept and "&#" not in kept
