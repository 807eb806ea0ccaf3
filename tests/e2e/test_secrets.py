"""The hunt: every process runs for real with planted secrets, and then none of them may be found anywhere.

All servers that the run talks to repeat what they were given in their errors.
"""

import base64
import re
import zipfile
from email.message import EmailMessage
from urllib.parse import quote

import pytest
import requests
from aiosmtpd.controller import Controller

from tests.broker import free_port
from tests.e2e.planted import CONTROL, KEY, SECRETS, Mails, Member, Receiver, Run
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.product

FILE = """
teams:
  - slug: search
    name: Search
    mail_to: [oncall@example.org]
    endpoints:
      - {{name: control-word-gone, url: "{gone}", interval: 10, api_key: "${{NEW_KEY}}"}}
"""


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def mails():
    mails = Mails(port=free_port())
    how = {"authenticator": mails.authenticate, "auth_require_tls": False}
    controller = Controller(mails, "127.0.0.1", mails.port, **how)
    controller.start()
    yield mails
    controller.stop()


@pytest.fixture
def engine():
    with FakeEngine("vllm") as engine:
        for path in ("/", "/health", "/metrics", "/version", "/v1/models"):
            engine.put(f"GET {path}", {"error": f"Incorrect API key provided: Bearer {KEY}"}, 401)
        yield engine


def find_servers(run: Run, alice: Member) -> dict[str, str]:
    """Every page with something of the run on it."""
    endpoints = [pk for (pk,) in run.ask("SELECT id FROM fleet_endpoint")]
    incidents = [pk for (pk,) in run.ask("SELECT id FROM fleet_incident")]
    paths = ["/", "/models/", "/incidents/", "/alerts/", "/teams/", "/teams/search/", "/teams/search/alerting/"]
    paths += ["/teams/search/audit/", "/teams/search/audit/export.json", "/teams/search/tokens/", "/account/tokens/"]
    paths += ["/account/data/", "/accounts/sessions/", "/accounts/2fa/"]
    paths += [f"/endpoints/{pk}/{page}" for pk in endpoints for page in ("", "edit/")]
    paths += [f"/incidents/{pk}/" for pk in incidents] + ["/health/ready"]
    return {f"page {path}": alice.get(path) for path in paths}


def try_everything(run: Run, alice: Member) -> dict[str, str]:
    """Test messages that are not taken, and forms with mistakes and secrets."""
    alerting, first = "/teams/search/alerting/", run.ask("SELECT min(id) FROM fleet_endpoint")[0][0]
    pages = {
        f"test by {channel}": alice.post(alerting, {"channel": channel}, f"{alerting}test/")
        for channel in ("mail", "apprise", "webhook")
    }
    wrong = {"name": "", "url": f"{run.gone}/{CONTROL}", "interval": "no", "api_key": SECRETS["the key of the file"]}
    pages["form with mistakes"] = alice.post(f"/endpoints/{first}/edit/", wrong)
    token = SECRETS["the token of the webhook URL"]
    typed = {"webhook_url": f"http://169.254.169.254/{token}", "apprise_url": f"nothing://{token}", "remind_every": "x"}
    pages["rules with mistakes"] = alice.post(alerting, typed)
    return pages


def make_new_secrets(alice: Member) -> dict[str, str]:
    """A token and an invitation: each is in the answer to the form that made it, and nowhere else from then on."""
    form = {"name": f"{CONTROL} ci", "scopes": "status:read", "days": "30"}
    token = re.search(r"plim_[\w-]{40,}", alice.post("/account/tokens/", form))
    invited = {"email": "dora@example.org", "role": "viewer"}
    link = re.search(r"/join/([\w-]{40,})", alice.post("/teams/search/", invited, "/teams/search/invite/"))
    assert token and link, "they were not shown"
    answer = requests.get(f"{alice.url}/api/v1/status", headers={"Authorization": f"Bearer {token[0]}"}, timeout=20)
    assert answer.ok and CONTROL in answer.text
    return {"an API token": token[0], "the link of an invitation": link[1]}


def export(run: Run) -> dict[str, str]:
    """What the commands print and write."""
    file, backup = run.folder / "fleet.yaml", run.folder / "backup.zip"
    file.write_text(FILE.format(gone=run.gone))
    result = {
        "status": run.manage("status"),
        "apply, dry": run.manage("apply", str(file), "--dry-run"),
        "apply": run.manage("apply", str(file)),
        "rotatekeys": run.manage("rotatekeys"),
        "backup": run.manage("backup", str(backup)),
    }
    with zipfile.ZipFile(backup) as archive:
        return result | {f"backup {name}": archive.read(name).decode() for name in archive.namelist()}


def text_of(mail: EmailMessage) -> str:
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts])


def hunt(places: dict[str, str], words: dict[str, str]) -> list[str]:
    """Where which word was found: as it is, as URLs, JSON and HTML carry it, or in base64."""
    found = []
    for name, word in words.items():
        forms = {word, quote(word, safe=""), word.replace("/", r"\/"), word.replace("+", "&#x2B;")}
        forms.add(base64.b64encode(word.encode()).decode().rstrip("="))
        found += [f"{name} in {place}" for place, text in places.items() if any(form in text for form in forms)]
    return found


def test_no_secret_is_found_after_a_run_in_which_everything_goes_wrong(tmp_path, receiver, mails, engine, wait_for):
    run = Run(tmp_path, receiver, mails, engine.url)
    try:
        wait_for(run.answers, 30, "the web server did not start")
        refused = "SELECT DISTINCT channel FROM fleet_message WHERE error != ''"
        wait_for(lambda: len(run.ask(refused)) == 3, 40, "not every channel was refused")
        alice = Member(run.url)
        places = {"dump, in trouble": run.dump()} | find_servers(run, alice) | try_everything(run, alice)
        assert "535" in places["test by mail"] and "500" in places["test by webhook"], "the trouble is result"

        receiver.refuses = mails.refuses = False
        waiting = "SELECT 1 FROM fleet_message WHERE state = 'waiting'"
        wait_for(lambda: not run.ask(waiting), 60, "not every message was taken in the end")
        fresh = make_new_secrets(alice)
        places |= {f"later, {name}": text for name, text in find_servers(run, alice).items()} | export(run)
        places["own data"] = alice.post("/account/data/", {}, "/account/data/export/")
        places["dump"] = run.dump()
    finally:
        run.stop()
    files = [path for path in run.data.rglob("*") if path.is_file() and "static" not in path.parts]
    places |= {f"file {path.name}": path.read_bytes().decode(errors="replace") for path in files}
    places |= {f"mail {number}": text_of(mail) for number, mail in enumerate(mails.messages)}
    places |= {f"call {number}": body for number, body in enumerate(receiver.bodies)}
    places["log"] = run.log.read_text()

    known = hunt(places, {"it": CONTROL})
    seen = ("dump", "log", "page /", "page /alerts/", "mail 0", "status", "apply", "form with mistakes", "own data")
    for place in (*seen, "later, page /account/tokens/"):
        assert f"it in {place}" in known, f"the hunt is blind in {place}: {places[place][:500]}"
    assert any(place.startswith("it in call") for place in known), "the hunt is blind in the calls"
    assert "Incorrect API key provided: Bearer ***" in places["dump, in trouble"], "the engine repeated the key"
    assert hunt(places, SECRETS) == []
    shown_again = hunt(places, fresh)
    assert shown_again, "the invitation was not mailed"
    assert all(place.startswith("the link of an invitation in mail") for place in shown_again), shown_again
