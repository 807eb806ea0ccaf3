"""The version has one place, and people find it."""

import tomllib

import pytest
from django.conf import settings

from core.version import version


@pytest.fixture
def in_pyproject() -> str:
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]


def test_it_is_that_of_pyproject(in_pyproject):
    assert version() == in_pyproject


def test_the_newest_release_in_the_changelog_is_that_version(in_pyproject):
    headings = [
        line for line in (settings.BASE_DIR / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")
    ]
    assert headings[0] == "## Unreleased"
    assert headings[1].startswith(f"## {in_pyproject} - ")


def test_without_the_file_it_is_unknown(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    assert version.__wrapped__() == "unknown"


@pytest.mark.django_db
def test_pages_show_it_to_who_is_signed_in_only(client, django_user_model, in_pyproject):
    shown = f"Plimsoll {in_pyproject}"
    assert shown not in client.get("/accounts/login/").text
    client.force_login(django_user_model.objects.create_user("alice"))
    assert shown in client.get("/teams/").text
