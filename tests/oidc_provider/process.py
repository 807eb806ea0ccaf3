"""Starts and ends the provider's process for a test."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.broker import free_port
from tests.oidc_provider.__main__ import CLIENT, SECRET

PASSWORD = "the provider's own password"


@contextmanager
def provider(site_url: str, *users: dict[str, Any]) -> Iterator[str]:
    """The issuer of a provider that knows these users and the site. Each has PASSWORD."""
    port = free_port()
    back = f"{site_url}/accounts/oidc/sso/login/callback/"
    people = [part for user in users for part in ("--user", json.dumps({**user, "password": PASSWORD}))]
    command = [sys.executable, "-m", "tests.oidc_provider", "--port", str(port), "--redirect-uri", back, *people]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "ready\n", "the provider did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def client_settings(issuer: str) -> dict[str, str]:
    """The environment of a site that signs people in by this provider."""
    return {
        "OIDC_URL": issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_NAME": "Harbour ID",
    }
