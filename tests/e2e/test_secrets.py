"""The hunt: every process runs for real with planted secrets, and then none of them may be found anywhere.

All servers that the run talks to are as careless as servers get: they repeat what they were given in their errors.
"""

import base64
import os
import re
import sqlite3
import subprocess
import sys
import threading
import zipfile
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from config.data_folder import ROOT
from tests.broker import free_port
from tests.conftest import MailServer
from tests.fake_engine import FakeEngine

CONTROL = "control-word"
SECRETS = {
    "the endpoint's key": "sk-planted/endpoint+key-1",
    "the key of the file": "sk-planted-key-of-the-file-2",
    "the token of the Apprise URL": "planted-apprise-token-3",
    "the token of the webhook URL": "planted-webhook-token-4",
    "the secret of the webhook": "planted-webhook-secret-5",
    "the SMTP password": "planted-smtp-password-6",
    "SECRET_KEY": "planted-secret-key-7-which-is-long-enough",
    "FIELD_KEYS": "planted-field-key-8-which-is-long-enough",
    "the token of HEARTBEAT_URL": "planted-heartbeat-token-9",
    "the password of a person": "planted-password-of-alice-10",
    "OIDC_CLIENT_SECRET": "planted-oidc-client-secret-11",
    "the secret of an authenticator app": "PLANTEDTOTPSECRETTWELVEABCDEFGHI",
}
KEY = SECRETS["the endpoint's key"]
USER = "mailer"

PREPARE = """
import django
django.setup()
from django.conf import settings
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.core.management import call_command
from fleet import endpoints
from fleet.models import AlertPolicy
from teams.models import Membership, Team
call_command("migrate", verbosity=0)
team = Team.objects.create(name="Search", slug="search", mail_to=["oncall@example.org"])
alice = User.objects.create_user("alice", "alice@example.org", {password!r})
Membership.objects.create(user=alice, team=team, role="owner")
TOTP.activate(User.objects.create_user("bob", "bob@example.org", {password!r}), {totp!r})
AlertPolicy.objects.create(team=team, apprise_url={apprise!r}, webhook_url={webhook!r}, webhook_secret={secret!r})
how = dict(interval=5, timeout=2.0, fail_after=1, recover_after=1, api_key={key!r})
endpoints.add(team, name="{control}-gone", url={gone!r}, **how)
endpoints.add(team, name="{control}-careless", url={careless!r}, engine="vllm", **how)
"""

FILE = """
teams:
  - slug: search
    name: Search
    mail_to: [oncall@example.org]
    endpoints:
      - {{name: control-word-gone, url: "{gone}", interval: 10, api_key: "${{NEW_KEY}}"}}
"""


class Receiver:
    """Takes the calls of both channels; while `refuses`, its errors repeat the path and all that it knows."""

    def __init__(self) -> None:
        self.refuses = True
        self.bodies: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.bodies.append(body)
                secret = SECRETS["the secret of the webhook"]
                said = f"no {self.path} with {secret} here" if receiver.refuses else "taken"
                self.send_response(500 if receiver.refuses else 200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *args: object) -> None:
                """Its log is not ours."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.at = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Mails(MailServer):
    """Wants the password; while `refuses`, its refusal repeats it, plain and as SMTP carries it."""

    refuses = True

    def authenticate(self, server, session, envelope, mechanism, given) -> AuthResult:
        password = given.password.decode()
        if password != SECRETS["the SMTP password"] or self.refuses:
            told = base64.b64encode(f"\0{USER}\0{password}".encode()).decode()
            return AuthResult(success=False, handled=False, message=f"535 5.7.8 {CONTROL} no {password}, no {told}")
        return AuthResult(success=True)


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


class Run:
    """`manage.py up` with all secrets planted, on a folder of its own; all that it says goes to one log."""

    def __init__(self, folder: Path, receiver: Receiver, mails: Mails, careless: str) -> None:
        self.folder, self.data = folder, folder / "data"
        port = free_port()
        self.url, self.gone = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        self.env = os.environ | {
            "PLIMSOLL_DATA": str(self.data),
            "PORT": str(port),
            "LOG_LEVEL": "DEBUG",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": SECRETS["SECRET_KEY"],
            "FIELD_KEYS": SECRETS["FIELD_KEYS"],
            "EMAIL_URL": f"smtp://{USER}:{SECRETS['the SMTP password']}@127.0.0.1:{mails.port}",
            "HEARTBEAT_URL": f"http://{receiver.at}/{SECRETS['the token of HEARTBEAT_URL']}",
            "NEW_KEY": SECRETS["the key of the file"],
            "OIDC_URL": f"http://{receiver.at}/issuer",
            "OIDC_CLIENT_ID": "plimsoll",
            "OIDC_CLIENT_SECRET": SECRETS["OIDC_CLIENT_SECRET"],
        }
        prepare = PREPARE.format(
            password=SECRETS["the password of a person"],
            apprise=f"json://{receiver.at}/{SECRETS['the token of the Apprise URL']}",
            webhook=f"http://{receiver.at}/hooks/{SECRETS['the token of the webhook URL']}",
            secret=SECRETS["the secret of the webhook"],
            totp=SECRETS["the secret of an authenticator app"],
            key=KEY, gone=self.gone, careless=careless, control=CONTROL,
        )  # fmt: skip
        self.log = folder / "log"
        with self.log.open("w") as log:
            options = {"cwd": ROOT, "env": self.env, "stdout": log, "stderr": subprocess.STDOUT}
            subprocess.run([sys.executable, "-c", prepare], check=True, **options)
            self.process = subprocess.Popen([sys.executable, "manage.py", "up"], **options)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60)
        return ended.stdout + ended.stderr

    def ask(self, query: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.data / 'plimsoll.sqlite3'}?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    def dump(self) -> str:
        with sqlite3.connect(f"file:{self.data / 'plimsoll.sqlite3'}?mode=ro", uri=True) as database:
            return "\n".join(database.iterdump())

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/live", timeout=1).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Member:
    """Alice, signed in by the form."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()
        self.post("/accounts/login/", {"login": "alice", "password": SECRETS["the password of a person"]})

    def get(self, path: str) -> str:
        answer = self.session.get(self.url + path, timeout=20)
        assert answer.status_code in (200, 503), f"{path}: {answer.status_code}"
        return answer.text

    def post(self, path: str, form: dict[str, str], to: str = "") -> str:
        """Sends a form of the page at `path`, with its CSRF token."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path))
        assert token, f"{path} has no form"
        answer = self.session.post(self.url + (to or path), {**form, "csrfmiddlewaretoken": token[1]}, timeout=30)
        assert answer.status_code in (200, 422), f"{path}: {answer.status_code}"
        return answer.text


def look_around(run: Run, alice: Member) -> dict[str, str]:
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
    told = {
        "status": run.manage("status"),
        "apply, dry": run.manage("apply", str(file), "--dry-run"),
        "apply": run.manage("apply", str(file)),
        "rotatekeys": run.manage("rotatekeys"),
        "backup": run.manage("backup", str(backup)),
    }
    with zipfile.ZipFile(backup) as archive:
        return told | {f"backup {name}": archive.read(name).decode() for name in archive.namelist()}


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
        places = {"dump, in trouble": run.dump()} | look_around(run, alice) | try_everything(run, alice)
        assert "535" in places["test by mail"] and "500" in places["test by webhook"], "the trouble is told"

        receiver.refuses = mails.refuses = False
        waiting = "SELECT 1 FROM fleet_message WHERE state = 'waiting'"
        wait_for(lambda: not run.ask(waiting), 60, "not every message was taken in the end")
        fresh = make_new_secrets(alice)
        places |= {f"later, {name}": text for name, text in look_around(run, alice).items()} | export(run)
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
