"""A whole run with planted secrets, for the hunt, and servers as careless as servers get."""

import base64
import os
import re
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from aiosmtpd.smtp import AuthResult

from config.data_folder import ROOT
from tests.broker import free_port
from tests.conftest import MailServer
from tests.template import copy_migrated

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
from fleet import endpoints
from fleet.models import AlertPolicy
from teams.models import Membership, Team
team = Team.objects.create(name="Search", slug="search", mail_to=["oncall@example.org"])
alice = User.objects.create_user("alice", "alice@example.org", {password!r})
Membership.objects.create(user=alice, team=team, role="owner")
TOTP.activate(User.objects.create_user("bob", "bob@example.org", {password!r}), {totp!r})
AlertPolicy.objects.create(team=team, apprise_url={apprise!r}, webhook_url={webhook!r}, webhook_secret={secret!r})
how = dict(interval=5, timeout=2.0, fail_after=1, recover_after=1, api_key={key!r})
endpoints.add(team, name="{control}-gone", url={gone!r}, **how)
endpoints.add(team, name="{control}-careless", url={careless!r}, engine="vllm", **how)
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
            shown = base64.b64encode(f"\0{USER}\0{password}".encode()).decode()
            return AuthResult(success=False, handled=False, message=f"535 5.7.8 {CONTROL} no {password}, no {shown}")
        return AuthResult(success=True)


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
        self.data.mkdir(mode=0o700)
        copy_migrated(self.data)
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
