"""A person's way to the provider and back, as their browser goes it; our own pages are asked by Django's client."""

import html
import re

import requests
from django.contrib.auth.models import User
from django.test import Client

from config import oidc
from tests.oidc_provider.process import PASSWORD, client_settings

BEGIN = "/accounts/oidc/sso/login/"
SITE = "http://localhost:8700"
DESCRIPTION = "/.well-known/openid-configuration"


def away(page) -> str:
    """Where the page behind the button sends the browser."""
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', page.content.decode())
    assert found, page.content
    return html.unescape(found[1])


def at_the_provider(address: str, name: str) -> str:
    """Signs in at the provider, whose page is at `address`, and returns where it sends the browser back to."""
    with requests.Session() as browser:
        page = browser.get(address)
        assert 'name="password"' in page.text
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text))
        hidden = dict(re.findall(r'<input type="hidden" name="(next)" value="([^"]+)"', page.text))
        form = {"csrfmiddlewaretoken": token, "login": name, "password": PASSWORD}
        form["next"] = hidden["next"].replace("&amp;", "&")
        answer = browser.post(page.url, data=form, allow_redirects=False)
        while not (to := answer.headers["location"]).startswith(SITE):
            answer = browser.get(requests.compat.urljoin(answer.url, to), allow_redirects=False)
    return to


def come_back(client: Client, name: str, begin: str = BEGIN):
    """The answer of our callback once this person has signed in at the provider."""
    return client.get(at_the_provider(away(client.post(begin)), name).removeprefix(SITE))


def who(client: Client) -> str:
    """The user name of who is signed in, "" for nobody."""
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).username if pk else ""


def text(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def use_provider(settings, url: str) -> None:
    """Has the settings name the provider at `url`; "" for none."""
    values = client_settings(url)
    settings.OIDC_URL, settings.OIDC_NAME, settings.OIDC_SIGN_UP = url, values["OIDC_NAME"], True
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": oidc.apps(values)}}


def description(url: str, **other: object) -> dict[str, object]:
    """The description of a provider at `url`, with these in place of its own."""
    names = {"authorization_endpoint": "a", "token_endpoint": "t", "userinfo_endpoint": "u", "jwks_uri": "k"}
    return {"issuer": url, **{name: f"{url}/{path}" for name, path in names.items()}, **other}
