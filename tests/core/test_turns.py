"""Teams in turn."""

from datetime import UTC, datetime, timedelta

import pytest

from core.turns import in_turn
from fleet.models import Message
from teams.models import Team

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_a_team_with_one_row_waits_for_one_row_of_the_others():
    noisy, quiet = (Team.objects.create(name=name, slug=name) for name in ("noisy", "quiet"))
    began = datetime(2026, 11, 28, 9, tzinfo=UTC)
    for second in range(50):
        Message.objects.create(team=noisy, recipient="a@example.org", created_at=began + timedelta(seconds=second))
    late = Message.objects.create(team=quiet, recipient="b@example.org", created_at=began + timedelta(hours=1))
    nobodys = Message.objects.create(team=None, recipient="c@example.org", created_at=began + timedelta(hours=2))
    first = list(in_turn(Message.objects.all(), "team", "created_at", "pk")[:4])
    assert [row.team for row in first] == [noisy, quiet, None, noisy]
    assert first[1:3] == [late, nobodys]
