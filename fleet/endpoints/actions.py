"""Adding, changing and removing endpoints: the one way for pages, files and commands."""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from core.http.origin import origin_of
from core.redaction import redact
from core.tags import read_tags
from teams import audit, quotas
from teams.models import Team

from ..engines.errors import Cause
from ..engines.reading import Reading
from ..engines.reading_json import to_json
from ..incidents import lifecycle, root_cause
from ..models import Change, Endpoint, EndpointState
from ..verdict.status import Status
from .fields import FIELDS, Others, fill
from .state import forget_put_off, fresh, lock, update_boards

SECRET = ("api_key",)
"""Of these only the fact that they moved is recorded."""


KEY_AGAIN = (
    "The stored key is for another server or user name, or its certificate would not be verified any more: "
    "type the key again, or forget the stored one."
)


class New(NamedTuple):
    """An endpoint to be added: its team, its FIELDS, and what a check found."""

    team: Team
    fields: dict[str, Any]
    reading: Reading | None = None


def add(team: Team, *, reading: Reading | None = None, **fields: Any) -> Endpoint:
    """Adds an endpoint and has it probed with the next tick; it begins with what a check's `reading` found.

    Raises ValidationError with a sentence per field, also for a name or URL that the team watches already, and for
    one endpoint more than ENDPOINTS_PER_TEAM.
    """
    [made] = add_each([New(team, fields, reading)])
    if isinstance(made, ValidationError):
        raise made
    return made


def add_each(wanted: Sequence[New]) -> list[Endpoint | ValidationError]:
    """As `add`, for each of these in their order, with an error in place of what is refused; in a number of statements
    that depends on nothing."""
    made: list[Endpoint | ValidationError] = []
    added: list[Endpoint] = []
    readings: list[Reading | None] = []
    with transaction.atomic():
        teams = {new.team for new in wanted}
        quotas.hold(*teams)
        others: dict[int, Others] = {team.pk: [] for team in teams}
        for team, name, url in Endpoint.objects.filter(team__in=teams).order_by().values_list("team", "name", "url"):
            others[team].append((name, url))
        for new in wanted:
            endpoint, there = Endpoint(team=new.team), others[new.team.pk]
            try:
                fill(endpoint, new.fields, there)
                instead = "Remove one that nobody needs."
                if why := quotas.full("ENDPOINTS_PER_TEAM", len(there), f"endpoints of {new.team}", instead):
                    raise ValidationError({"team": why})
            except ValidationError as error:
                made.append(error)
                continue
            there.append((endpoint.name, endpoint.url))
            made.append(endpoint)
            added.append(endpoint)
            readings.append(new.reading)
        Endpoint.objects.bulk_create(added)
        EndpointState.objects.bulk_create(map(_begin, added, readings))
        about = (audit.About(each.team, each, {"url": redact(each.url)}) for each in added)
        audit.record_each("endpoint.added", about)
        update_boards([each.pk for each in added])
    return made


def _begin(endpoint: Endpoint, reading: Reading | None) -> EndpointState:
    now = datetime.now(UTC)
    state = EndpointState(endpoint=endpoint, due_at=int(time.time()), shown_at=now, regrouped_at=now)
    if reading and reading.identity and endpoint.engine in ("", reading.identity.engine):
        state.engine, state.proof, state.identified_at = reading.identity.engine, reading.identity.proof[:300], now
        state.facts = to_json(reading.facts)
    return state


def change(endpoint: Endpoint, **fields: Any) -> list[str]:
    """Changes the named fields and returns those that moved. Raises ValidationError as `add` does.

    Another URL, engine, user name or key makes it an endpoint we know nothing of: it is identified afresh. With another
    URL its incident ends, since that was about another server; else the next probes decide about it. The stored key
    stays with the server and user name that it was given for: for others it has to be given again, or be forgotten.
    """
    before = {name: getattr(endpoint, name) for name in FIELDS}
    fill(endpoint, fields)
    as_before = same_server(before, endpoint.url, endpoint.verify_tls, endpoint.username)
    if "api_key" not in fields and before["api_key"] and not as_before:
        raise ValidationError({"api_key": KEY_AGAIN})
    moved = [name for name in FIELDS if getattr(endpoint, name) != before[name]]
    if not moved:
        return []
    with transaction.atomic():
        lock([endpoint])
        if "url" in moved:
            lifecycle.stop_watching([endpoint.pk], audit.done("Its URL was changed"))
        endpoint.save()
        if {"url", "engine", "username", "api_key"} & set(moved):
            _forget(endpoint)
        if "verify_tls" in moved:
            EndpointState.objects.filter(pk=endpoint.pk).update(certificate_until=None)
        if "depends_on" in moved:
            root_cause.attribute_again(endpoint.pk)
        _changed([(endpoint, before, {name: getattr(endpoint, name) for name in FIELDS})])
    return moved


def set_tags(wanted: Iterable[tuple[Endpoint, list[str]]]) -> None:
    """Gives each of these endpoints its tags, as `change` does, in a number of statements that depends on nothing.

    The endpoints in memory stay as they are. Raises ValidationError for what is no tag, or too many.
    """
    try:
        moved = [(each, tags) for each, given in wanted if (tags := read_tags(given)) != each.tags]
    except ValueError as error:
        raise ValidationError({"tags": str(error)}) from None
    with transaction.atomic():
        lock(endpoint for endpoint, _ in moved)
        Endpoint.objects.bulk_update([Endpoint(pk=endpoint.pk, tags=tags) for endpoint, tags in moved], ["tags"])
        _changed([(endpoint, {"tags": endpoint.tags}, {"tags": tags}) for endpoint, tags in moved])


def _changed(changes: list[tuple[Endpoint, dict[str, Any], dict[str, Any]]]) -> None:
    """What follows from every change: each endpoint with its fields before and after."""
    now, pks = datetime.now(UTC), [endpoint.pk for endpoint, *_ in changes]
    details = {endpoint.pk: audit.differences(before, after, SECRET) for endpoint, before, after in changes}
    Change.objects.bulk_create(
        Change(endpoint_id=pk, at=now, kind="settings", after=", ".join(moved)[:300]) for pk, moved in details.items()
    )
    about = (audit.About(endpoint.team, endpoint, details[endpoint.pk]) for endpoint, *_ in changes)
    audit.record_each("endpoint.changed", about)
    EndpointState.objects.filter(pk__in=pks).update(shown_at=now, regrouped_at=now)
    forget_put_off(pks)
    probe_now(*(endpoint for endpoint, *_ in changes))
    update_boards(pks)


def same_server(stored: dict[str, Any], url: str, verify_tls: bool, username: str) -> bool:
    """Whether a key that was stored with these fields may be sent to this address: only to the server it was for.

    Else whoever may change the address could read the key, which no page shows. With another user name it would go out
    as something else: a password as a bearer key, or as somebody else's password.
    """
    newly_unverified = stored["verify_tls"] and not verify_tls
    return origin_of(stored["url"]) == origin_of(url) and stored["username"] == username and not newly_unverified


def probe_now(*endpoints: Endpoint) -> None:
    """Makes endpoints due at once; paused ones stay paused."""
    pks = [endpoint.pk for endpoint in endpoints]
    EndpointState.objects.watched().filter(pk__in=pks).update(due_at=int(time.time()))


def remove(*endpoints: Endpoint) -> None:
    """Deletes endpoints with their history and incidents. Messages about them stay.

    Whoever was alerted of an incident of theirs gets a mail that says so.
    """
    pks = [endpoint.pk for endpoint in endpoints]
    with transaction.atomic():
        lifecycle.stop_watching(pks, audit.done("It was removed"), removed=True)
        about = (audit.About(each.team, each, {"url": redact(each.url)}) for each in endpoints)
        audit.record_each("endpoint.removed", about)
        Endpoint.objects.filter(pk__in=pks).delete()
        forget_put_off(pks)
    update_boards(pks)


def suggested_name(url: str) -> str:
    """A name for an endpoint at this base URL: its host, and port and path where there are any; not cut to a length."""
    parts = urlsplit(url)
    return "-".join(str(part) for part in (parts.hostname, parts.port, *parts.path.split("/")) if part)


def _forget(endpoint: Endpoint) -> None:
    known: dict[str, Any] = {} if endpoint.paused else fresh(Status.UNKNOWN, Cause.NEW)
    if endpoint.paused:
        Endpoint.objects.filter(pk=endpoint.pk).update(before_pause={})
    known |= {"engine": "", "proof": "", "identified_at": None, "facts": {}, "load": {}, "ladder": [], "starts": []}
    known |= {"certificate_until": None, "canary": {}, "models_loaded": "", "callers": None, "load_share": None}
    EndpointState.objects.filter(pk=endpoint.pk).update(**known)
