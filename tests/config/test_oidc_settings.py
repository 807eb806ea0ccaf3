"""The settings of the sign-in by a provider: mistakes are reported at start."""

import pytest

from config import oidc
from config.environment import BadSettings, read

GOOD = {"OIDC_URL": "https://login.example.org/realms/main", "OIDC_CLIENT_ID": "plimsoll"}


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID is not"),
        ({"OIDC_URL": "login.example.org"}, "whole address"),
        ({"OIDC_URL": "https://me:sekrit@login.example.org"}, "without user name"),
        ({"OIDC_URL": "https://login.example.org/?realm=main"}, "question mark"),
        ({"OIDC_URL": "http://login.example.org", "SITE_URL": "https://plimsoll.example.org"}, "give https."),
        ({"OIDC_URL": "http://login.example.org"}, "give https."),
        ({"OIDC_URL": "http://localhost.example.org"}, "give https."),
        ({"OIDC_URL": "http://10.0.0.7:8080"}, "give https."),
        ({"OIDC_SIGN_UP": "maybe"}, "on or off"),
    ],
)
def test_a_mistake_is_reported_in_one_sentence(values, hint):
    with pytest.raises(BadSettings) as caught:
        read({**GOOD, **values})
    (problem,) = caught.value.problems
    assert problem.startswith("OIDC_") and hint in problem and "sekrit" not in problem


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"SITE_URL": "https://plimsoll.example.org"},
        {"OIDC_URL": "http://127.0.0.1:8080", "SITE_URL": "https://plimsoll.example.org"},
        {"OIDC_URL": "http://localhost:8080", "SITE_URL": "https://plimsoll.example.org"},
        {"OIDC_URL": "", "OIDC_CLIENT_ID": ""},
    ],
)
def test_what_may_be_is_not_complained_about(values):
    assert read({**GOOD, **values})["OIDC_NAME"] == "single sign-on"


@pytest.mark.parametrize(
    "written",
    [
        "https://a.example.org/realms/x",
        "https://a.example.org/realms/x/",
        "https://a.example.org/realms/x/.well-known/openid-configuration",
    ],
)
def test_the_issuer_is_the_same_however_it_is_written(written):
    assert oidc.issuer(written) == "https://a.example.org/realms/x"
