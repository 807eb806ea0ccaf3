"""Alice's tab, and a team that is not hers."""

import pytest

from teams.models import Team


@pytest.fixture
def page(client, alice):
    """A client that Alice is signed in with."""
    client.force_login(alice)
    return client


@pytest.fixture
def other_team(db) -> Team:
    """A team that nobody here belongs to."""
    return Team.objects.create(name="Ads", slug="ads")
