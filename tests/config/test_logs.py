"""What the log tells of requests that were refused."""

import logging

from django.conf import settings

from teams.models import Membership, Role


def test_a_refusal_is_one_line_with_its_path(client, charlie, team, capsys, monkeypatch):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    client.force_login(charlie)
    filters = settings.LOGGING["loggers"]["django.request"]["filters"]
    assert filters == ["not_health", "refusals_in_one_line"]
    seen: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger("django.request"), "handle", _filtered(seen))
    assert client.get(f"/teams/{team.slug}/tokens/").status_code == 403
    (record,) = seen
    assert record.exc_info is None and f"/teams/{team.slug}/tokens/" in record.getMessage()


def _filtered(seen: list[logging.LogRecord]):
    logger = logging.getLogger("django.request")
    return lambda record: seen.append(record) if logger.filter(record) else None
