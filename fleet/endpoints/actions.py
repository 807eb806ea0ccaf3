"""Adding, changing and removing endpoints: the one way for pages, files and commands."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from core.http import outbound
from core.http.origin import origin_of
from core.http.transport import numeric
from core.redaction import redact
from core.tags import read_tags
from teams import audit, quotas
from teams.models import Team

from ..engines.errors import Cause
from ..engines.http.address import parse_base_url
from ..engines.http.api_key import clean_key, clean_username
from ..engines.reading import Reading, to_json
from ..engines.registry import ENGINES
from ..engines.timeout import default_timeout
from ..incidents import lifecycle, root_cause
from ..models import Change, Endpoint, EndpointState
from ..verdict.status import Status
from .state import forget_put_off, fresh, lock, update_boards

FIELDS = (
    "name", "url", "engine", "username", "api_key", "verify_tls", "interval", "timeout", "fail_after", "fail_of",
    "fail_for", "recover_after", "slow_after", "start_within", "expected_models", "depends_on", "canary_models",
    "canary_every", "tags",
)  # fmt: skip
"""What a team may set; the defaults are those of the Endpoint model. Without a timeout it follows the interval."""

MODELS, MODEL_NAME = 100, 300
"""How many models may be named for each purpose, and the characters of a name."""

SECRET = ("api_key",)
"""Of these only the fact that they moved is recorded."""


KEY_AGAIN = (
    "The stored key is for another server or user name, or its certificate would not be verified any more: "
    "type the key again, or forget the stored one."
)


def add(team: Team, *, reading: Reading | None = None, **fields: Any) -> Endpoint:
    """Adds an endpoint and has it probed with the next tick; it begins with what a check's `reading` found.

    Raises ValidationError with a sentence per field, also for a name or URL that the team watches already, and for
    one endpoint more than ENDPOINTS_PER_TEAM.
    """
    endpoint = Endpoint(team=team)
    _fill(endpoint, fields)
    with transaction.atomic():
        quotas.hold(team)
        there = Endpoint.objects.filter(team=team).count()
        if why := quotas.full("ENDPOINTS_PER_TEAM", there, f"endpoints of {team}", "Remove one that nobody needs."):
            raise ValidationError({"team": why})
        endpoint.save()
        now = datetime.now(UTC)
        state = EndpointState(endpoint=endpoint, due_at=int(time.time()), shown_at=now, regrouped_at=now)
        if reading and reading.identity and endpoint.engine in ("", reading.identity.engine):
            state.engine, state.proof, state.identified_at = reading.identity.engine, reading.identity.proof[:300], now
            state.facts = to_json(reading.facts)
        state.save(force_insert=True)
        audit.record("endpoint.added", team=team, what=endpoint, detail={"url": redact(endpoint.url)})
    update_boards([endpoint.pk])
    return endpoint


def change(endpoint: Endpoint, **fields: Any) -> list[str]:
    """Changes the named fields and returns those that moved. Raises ValidationError as `add` does.

    Another URL, engine, user name or key makes it an endpoint we know nothing of: it is identified afresh. With another
    URL its incident ends, since that was about another server; else the next probes decide about it. The stored key
    stays with the server and user name that it was given for: for others it has to be given again, or be forgotten.
    """
    before = {name: getattr(endpoint, name) for name in FIELDS}
    _fill(endpoint, fields)
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
        lifecycle.stop_watching(pks, audit.done("It was removed"))
        about = (audit.About(each.team, each, {"url": redact(each.url)}) for each in endpoints)
        audit.record_each("endpoint.removed", about)
        Endpoint.objects.filter(pk__in=pks).delete()
        forget_put_off(pks)
    update_boards(pks)


def suggested_name(url: str) -> str:
    """A name for an endpoint at this base URL: its host, and the port where one is given."""
    parts = urlsplit(url)
    return f"{parts.hostname}-{parts.port}" if parts.port else parts.hostname or ""


def _fill(endpoint: Endpoint, fields: dict[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"not fields of an endpoint: {', '.join(sorted(unknown))}")
    default = endpoint.timeout == default_timeout(endpoint.interval)
    stored_url = endpoint.url
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if fields.get("timeout") is None and (default or "timeout" in fields):
        endpoint.timeout = default_timeout(endpoint.interval)
    errors = _errors(endpoint, stored_url)
    for field, read in (("username", clean_username), ("api_key", partial(clean_key, username=endpoint.username))):
        if field in fields:
            try:
                setattr(endpoint, field, read(getattr(endpoint, field)))
            except ValueError as error:
                errors[field] = [str(error)]
    try:
        endpoint.clean_fields(exclude=[*errors, "team", "expected_models", "canary_models"])
    except ValidationError as error:
        errors |= error.message_dict
    if not {"interval", "timeout"} & set(errors) and endpoint.timeout >= endpoint.interval:
        errors["timeout"] = [f"The timeout has to be shorter than the interval of {endpoint.interval} s."]
    if not {"fail_of", "fail_after"} & set(errors) and 0 < endpoint.fail_of < endpoint.fail_after:
        errors["fail_of"] = [f"Of fewer than {endpoint.fail_after} probes, {endpoint.fail_after} cannot fail."]
    if wrong := _wrong_dependency(endpoint):
        errors["depends_on"] = [wrong]
    if errors:
        raise ValidationError(errors)


def _wrong_dependency(endpoint: Endpoint) -> str:
    """Why it cannot depend on the one it is to depend on; empty when it can."""
    other = endpoint.depends_on
    if other is None:
        return ""
    if other.team_id != endpoint.team_id:
        return f"{other} is of another team. Choose an endpoint of {endpoint.team}."
    above: Endpoint | None = other
    names, seen = [str(endpoint)], set()
    while above is not None and above.pk not in seen:
        names.append(str(above))
        if above.pk == endpoint.pk:
            return "It would depend on itself" + (f" ({' on '.join(names)})." if len(names) > 2 else ".")
        seen.add(above.pk)
        above = above.depends_on
    return ""


def _errors(endpoint: Endpoint, stored_url: str) -> dict[str, list[str]]:
    """What is wrong with an endpoint's own fields, a sentence per field; tidies them on the way."""
    errors: dict[str, list[str]] = {}
    endpoint.name = " ".join(str(endpoint.name).split())
    if not endpoint.name:
        errors["name"] = ["Give it a name, such as gpu-1."]
    try:
        if endpoint.url != stored_url:  # which stays, even where its end would be taken for a route by now
            endpoint.url = parse_base_url(endpoint.url)
        if why := refusal(endpoint.url):
            errors["url"] = [f"{why} Give another address."]
    except ValueError as error:
        errors["url"] = [str(error)]
    for field in ("expected_models", "canary_models"):
        names = getattr(endpoint, field)
        if len(names) > MODELS or any(len(name) > MODEL_NAME for name in names):
            errors[field] = [f"Name at most {MODELS} models, each with at most {MODEL_NAME} characters."]
    try:
        endpoint.tags = read_tags(endpoint.tags)
    except ValueError as error:
        errors["tags"] = [str(error)]
    if endpoint.engine and endpoint.engine not in ENGINES:
        errors["engine"] = [f"“{endpoint.engine}” is no engine we know. Choose one of: {', '.join(ENGINES)}."]
    others = Endpoint.objects.filter(team=endpoint.team).exclude(pk=endpoint.pk)
    twin = None if "url" in errors else others.filter(url=endpoint.url).first()
    if twin:
        errors["url"] = [f"{twin.name} of {endpoint.team} already watches this URL."]
    if others.filter(name__iexact=endpoint.name).exclude(pk=twin.pk if twin else 0).exists():
        errors["name"] = [f"{endpoint.team} already has an endpoint named {endpoint.name}."]
    return errors


def refusal(url: str) -> str:
    """Why the IP address in a base URL may not be called; "" where it may. A name is checked when it is called."""
    _, host, port = origin_of(url)
    reasons = [outbound.refused(*found[4][:2]) for found in numeric(host, port)]
    return next(filter(None, reasons), "")


def _forget(endpoint: Endpoint) -> None:
    known: dict[str, Any] = {} if endpoint.paused else fresh(Status.UNKNOWN, Cause.NEW)
    if endpoint.paused:
        Endpoint.objects.filter(pk=endpoint.pk).update(before_pause={})
    known |= {"engine": "", "proof": "", "identified_at": None, "facts": {}, "load": {}, "ladder": [], "starts": []}
    known |= {"certificate_until": None, "canary": {}, "models_loaded": "", "callers": None, "load_share": None}
    EndpointState.objects.filter(pk=endpoint.pk).update(**known)
