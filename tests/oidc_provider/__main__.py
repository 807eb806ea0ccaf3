"""Starts the provider on 127.0.0.1 and prints "ready" when it answers. Ends when its process is ended."""

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

SECRET = "the client's secret, which nobody may see"
CLIENT = "plimsoll"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redirect-uri", required=True)
    parser.add_argument("--user", type=json.loads, action="append", default=[], help="name, mail, password, verified")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the folder goes
    with tempfile.TemporaryDirectory(prefix="oidc-provider-") as folder:
        os.environ |= {"OIDC_PROVIDER_FOLDER": folder, "DJANGO_SETTINGS_MODULE": "tests.oidc_provider.settings"}
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0)
        _fill(Path(folder), options.redirect_uri, options.user)
        _serve(options.port)


def _fill(folder: Path, redirect_uri: str, users: list[dict[str, Any]]) -> None:
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import User

    client = Client(id=CLIENT, name="Plimsoll", scopes="openid\nprofile\nemail", redirect_uris=redirect_uri)
    client.skip_consent = True
    client.set_secret(SECRET)
    client.save()
    for one in users:
        user = User.objects.create_user(one["name"], one["mail"], one["password"])
        EmailAddress.objects.create(user=user, email=one["mail"], verified=one.get("verified", True), primary=True)
    (folder / "claims.json").write_text(json.dumps({one["name"]: one.get("claims", {}) for one in users}))


def _serve(port: int) -> None:
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
