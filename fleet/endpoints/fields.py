"""What a team may set of an endpoint, and what is wrong with it."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError

from core.http import outbound
from core.http.origin import origin_of
from core.http.transport import numeric
from core.tags import read_tags

from ..engines.http.address import parse_base_url
from ..engines.http.api_key import clean_key, clean_username
from ..engines.registry import ENGINES
from ..engines.timeout import default_timeout
from ..models import Endpoint

FIELDS = (
    "name", "url", "engine", "username", "api_key", "verify_tls", "interval", "timeout", "fail_after", "fail_of",
    "fail_for", "recover_after", "slow_after", "start_within", "expected_models", "depends_on", "canary_models",
    "canary_every", "tags",
)  # fmt: skip
"""What a team may set; the defaults are those of the Endpoint model. Without a timeout it follows the interval."""

MODELS, MODEL_NAME = 100, 300
"""How many models may be named for each purpose, and the characters of a name."""

Others = list[tuple[str, str]]
"""Name and URL of each other endpoint of a team."""


def fill(endpoint: Endpoint, fields: dict[str, Any], others: Others | None = None) -> None:
    """Sets these fields. Without `others` they are read where its name or URL moves. Raises ValidationError."""
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"not fields of an endpoint: {', '.join(sorted(unknown))}")
    default = endpoint.timeout == default_timeout(endpoint.interval)
    stored = (endpoint.name, endpoint.url)
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if fields.get("timeout") is None and (default or "timeout" in fields):
        endpoint.timeout = default_timeout(endpoint.interval)
    errors = _errors(endpoint, stored[1])
    if others is None and stored != (endpoint.name, endpoint.url):
        rows = Endpoint.objects.filter(team=endpoint.team).exclude(pk=endpoint.pk)
        others = list(rows.order_by().values_list("name", "url"))
    errors = _taken(endpoint, others or []) | errors
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
    return errors


def _taken(endpoint: Endpoint, others: Others) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    twin = next((name for name, url in others if url == endpoint.url), None)
    if twin is not None:
        errors["url"] = [f"{twin} of {endpoint.team} already watches this URL."]
    if any(name.lower() == endpoint.name.lower() for name, _ in others if name != twin):
        errors["name"] = [f"{endpoint.team} already has an endpoint named {endpoint.name}."]
    return errors


def refusal(url: str) -> str:
    """Why the IP address in a base URL may not be called; "" where it may. A name is checked when it is called."""
    _, host, port = origin_of(url)
    reasons = [outbound.refused(*found[4][:2]) for found in numeric(host, port)]
    return next(filter(None, reasons), "")
