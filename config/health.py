"""Is everything doing its work? For people, load balancers and `manage.py up`."""

import time

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

OK = "ok"
STALE_AFTER = 15
"""Seconds without a sign of life after which a part counts as standing still."""

BEAT_KEY, PROBE_KEY, DELIVERY_KEY = "plimsoll:tick", "plimsoll:pulse", "plimsoll:delivery"


def report() -> dict[str, str]:
    """What each part is doing: "ok", or a sentence about what is wrong."""
    broker, workers, beat = _queue()
    return {"database": _database(), "broker": broker, "workers": workers, "beat": beat}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"The database does not answer: {error}".strip()
    return OK


def _queue() -> tuple[str, str, str]:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        tick, pulse, delivery = client.mget(BEAT_KEY, PROBE_KEY, DELIVERY_KEY)
    except redis.RedisError as error:
        unseen = "Can't be seen while the broker does not answer."
        return f"The broker does not answer: {error}", unseen, unseen
    finally:
        client.close()
    workers = [
        _age(pulse, "The probe worker has shown no life {}."),
        _age(delivery, "The delivery worker has shown no life {}."),
    ]
    beat = _age(tick, "No tick {}: beat or the worker of the dispatch queue stands still.")
    return OK, " ".join(filter(None, workers)) or OK, beat or OK


def _age(stamp: bytes | str | None, sentence: str) -> str:
    """Empty when the stamp (unix seconds) is younger than STALE_AFTER, else the sentence with its age."""
    if stamp is None:
        return sentence.format("yet")
    age = time.time() - float(stamp)
    return sentence.format(f"for {age:.0f} s") if age > STALE_AFTER else ""


@login_not_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as soon as the web server answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 once every part does its work, else 503; the body names each part."""
    parts = report()
    response = JsonResponse(parts, status=200 if set(parts.values()) == {OK} else 503)
    response["Cache-Control"] = "no-store"
    return response
