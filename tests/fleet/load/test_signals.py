"""manage.py signals ENDPOINT."""

import json
import time
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from fleet import endpoints
from teams.models import Team

pytestmark = pytest.mark.django_db


def signals(*arguments: str) -> str:
    out = StringIO()
    call_command("signals", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def since() -> int:
    return int(time.time()) // 3600 * 3600 - 5 * 3600


def test_it_prints_what_was_collected_since_when_and_what_it_means(gpu, hour, since):
    hour(gpu, since, probes=240, gauges=240, at_work=60, requests=30, **{"running.2": 240, "queued.0": 240})
    text = signals("gpu-1")
    assert f"Collected since {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M}." in text
    assert "not enough evidence, confidence low" in text
    assert "samples" in text
    [line] = [line for line in text.splitlines() if line.startswith(f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d}")]
    assert line.split()[2:] == ["240", "25", "%", "≤", "2", "≤", "0", "0", "0", "30", "0"]


def test_hours_before_the_last_so_many_are_not_printed(gpu, hour, since):
    hour(gpu, since)
    assert "No hour was collected yet." in signals("gpu-1", "--hours", "2")


def test_without_any_hours_it_is_not_enough_evidence(gpu):
    text = signals("http://10.0.0.5:8000")
    assert "not enough evidence" in text
    assert "No hour was collected yet." in text
    assert "Collected since" not in text


def test_as_json_it_prints_everything(gpu, hour, since):
    hour(gpu, since, "m", requests=30)
    found = json.loads(signals("gpu-1", "--json"))
    assert found["endpoint"] == "gpu-1"
    assert found["verdicts"][0]["state"] == "not enough evidence"
    assert found["hours"] == [{"start": since, "model": "m", "counts": {"requests": 30}}]


def test_a_name_that_nobody_has_ends_with_2(gpu):
    with pytest.raises(CommandError, match="No endpoint has the name or address gpu-9") as raised:
        signals("gpu-9")
    assert raised.value.returncode == 2


def test_a_name_that_two_teams_use_wants_the_team(gpu):
    other = Team.objects.create(name="Other", slug="other")
    endpoints.add(other, name="gpu-1", url="http://10.0.0.6:8000")
    with pytest.raises(CommandError, match="other/gpu-1"):
        signals("gpu-1")
    assert "not enough evidence" in signals("other/gpu-1")
