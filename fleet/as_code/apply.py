"""The fleet as code: makes the teams and endpoints of a file what the file says, in one transaction.

Teams that the file does not name stay as they are; endpoints that it leaves out are removed only when asked to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from teams import audit, confirmations
from teams.models import Team

from .. import endpoints, live
from ..load import settings
from ..models import Endpoint
from .reader import Entry, FileMistakes, TeamEntry

SECRET = "api_key"
"""The field whose value is never shown."""

LOAD = "load"
"""The key of what is stated of an endpoint's load, which is stored apart."""

DEPENDS = "depends_on"
"""The field that names another endpoint of the team."""

WORDS = {"+": "added", "~": "changed", "-": "removed", "?": "not in the file", "=": "unchanged"}


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one team or endpoint. `mark`: "+" added, "~" changed, "-" removed, "?" kept, "=" the same."""

    mark: str
    name: str
    details: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The mark in a word."""
        return WORDS[self.mark]


@dataclass(slots=True)
class TeamDifference:
    """What happens to a team and its endpoints, in the order of the file; what is not in the file comes last."""

    team: Step
    endpoints: list[Step] = field(default_factory=list)

    @property
    def moved(self) -> list[Step]:
        """What does not stay as it is."""
        return [step for step in [self.team, *self.endpoints] if step.mark in "+~-"]


def apply(
    teams: Sequence[TeamEntry], *, file_name: str, dry_run: bool = False, prune: bool = False
) -> list[TeamDifference]:
    """Carries the file out, or only works out what it would do (`dry_run`), and returns the differences.

    `prune` removes the endpoints that the file leaves out of a team whose endpoints it lists; teams are never
    removed. Raises FileMistakes, and then nothing was changed.
    """
    work = _Work(file_name, prune)
    with transaction.atomic():
        differences = [work.team(entry) for entry in teams]
        if work.mistakes:
            raise FileMistakes(work.mistakes)
        transaction.set_rollback(dry_run)
    if not dry_run and any(each.moved for each in differences):
        live.publish([])  # boards that asked before the transaction ended saw nothing: ask again
    return differences


def summary(differences: list[TeamDifference], dry_run: bool) -> str:
    """One line that counts teams and endpoints: added, changed, removed, unchanged."""
    teams = _counts([difference.team for difference in differences])
    steps = _counts([step for difference in differences for step in difference.endpoints])
    summary = f"Teams: {teams}. Endpoints: {steps}."
    return f"{summary} This was a dry run: nothing was changed." if dry_run else summary


def _counts(steps: list[Step]) -> str:
    marks = [step.mark for step in steps]
    return ", ".join(f"{marks.count(mark)} {word}" for mark, word in WORDS.items() if mark in marks) or "none"


class _Work:
    """One run over the file; collects what the database has against it."""

    def __init__(self, file_name: str, prune: bool) -> None:
        self.file_name = file_name
        self.prune = prune
        self.mistakes: list[str] = []

    def team(self, entry: TeamEntry) -> TeamDifference:
        wanted = {key: value for key, value in entry.fields.items() if key != "slug" and value is not None}
        found = Team.objects.filter(slug__iexact=entry.fields["slug"]).first()
        team = found or Team(slug=entry.fields["slug"])
        title = f"{entry.shown('name')} ({entry.shown('slug')})"
        if Team.objects.filter(name__iexact=wanted["name"]).exclude(pk=team.pk).exists():
            self._mistake(entry, "name", "another team has this name already: take another.")
            return TeamDifference(Step("=", title))
        details = tuple(
            _difference(entry, key, getattr(team, key)) for key in wanted if getattr(team, key) != wanted[key]
        )
        if found is None or details:
            moved = [key for key in wanted if getattr(team, key) != wanted[key]]
            for key, value in wanted.items():
                setattr(team, key, value)
            team.save()
            action, detail = ("team.changed", {"changed": moved}) if found else ("team.created", {})
            audit.record(action, team=team, what=team, detail=detail)
        confirmations.trust(team, wanted.get("mail_to", []))
        if found is None:
            details = (f"mails to {_text(entry, 'mail_to')}",)
        mark = "+" if found is None else "~" if details else "="
        return TeamDifference(Step(mark, title, details), self._endpoints(team, entry))

    def _endpoints(self, team: Team, entry: TeamEntry) -> list[Step]:
        """Removes first and adds last, so that a name or URL may go from one endpoint to another."""
        if entry.endpoints is None:
            return []
        existing = list(Endpoint.objects.filter(team=team).select_related("team"))
        known = _match(entry.endpoints, existing)
        used = {endpoint.pk for endpoint in known.values()}
        gone = [self._gone(endpoint) for endpoint in existing if endpoint.pk not in used]
        # Read again: what is removed is no dependency of the others any more.
        known = _match(entry.endpoints, list(Endpoint.objects.filter(team=team).select_related("team")))
        _make_way(entry.endpoints, known)
        steps = {each.path: self._change(each, known[each.path]) for each in entry.endpoints if each.path in known}
        steps |= self._add_new(team, [each for each in entry.endpoints if each.path not in known])
        self._depend(team, entry.endpoints, steps)
        return [steps[each.path] for each in entry.endpoints] + gone

    def _gone(self, endpoint: Endpoint) -> Step:
        if self.prune:
            endpoints.remove(endpoint)
        return Step("-" if self.prune else "?", endpoint.name, (endpoint.url,))

    def _change(self, entry: Entry, endpoint: Endpoint) -> Step:
        name = entry.raw.get("name", endpoint.name)
        before = {key: getattr(endpoint, key) for key in _own(entry)}
        try:
            moved = endpoints.change(endpoint, **_own(entry))
        except ValidationError as error:
            return self._refused(entry, error)
        details = (*(_difference(entry, key, before[key]) for key in moved), *_load(entry, endpoint))
        return Step("~" if details else "=", name, details)

    def _add_new(self, team: Team, entries: list[Entry]) -> dict[str, Step]:
        new = [endpoints.New(team, _own(entry)) for entry in entries]
        steps = {}
        for entry, made in zip(entries, endpoints.add_each(new), strict=True):
            if isinstance(made, ValidationError):
                steps[entry.path] = self._refused(entry, made)
                continue
            _load(entry, made)
            stated = [f"{key}: {_text(entry, key)}" for key in ("tags", "interval") if entry.fields[key]]
            steps[entry.path] = Step("+", entry.shown("name"), (entry.shown("url"), *stated))
        return steps

    def _depend(self, team: Team, entries: list[Entry], steps: dict[str, Step]) -> None:
        """Done last, since an entry may depend on one further down, and with a clean slate, since two may swap."""
        there = {endpoint.name.lower(): endpoint for endpoint in Endpoint.objects.filter(team=team)}
        moved: list[tuple[Entry, Endpoint, str]] = []
        for entry in entries:
            endpoint = there.get(entry.fields["name"].lower())
            before = str(endpoint.depends_on or "") if endpoint else ""
            if endpoint and before.lower() != (entry.fields[DEPENDS] or "").lower():
                moved.append((entry, endpoint, before))
        Endpoint.objects.filter(pk__in=[endpoint.pk for _, endpoint, _ in moved]).update(depends_on=None)
        for entry, endpoint, before in moved:
            if self._hang(entry, endpoint, there) and steps[entry.path].mark in ("=", "~"):
                step = steps[entry.path]
                steps[entry.path] = Step("~", step.name, (*step.details, _difference(entry, DEPENDS, before)))

    def _hang(self, entry: Entry, endpoint: Endpoint, there: dict[str, Endpoint]) -> bool:
        wanted = entry.fields[DEPENDS]
        if wanted and wanted.lower() not in there:
            self._mistake(entry, DEPENDS, f"the team has no endpoint named {entry.shown(DEPENDS)}.")
            return False
        try:
            endpoints.change(endpoint, depends_on=Endpoint.objects.get(pk=there[wanted.lower()].pk) if wanted else None)
        except ValidationError as error:
            self._refused(entry, error)
            return False
        return True

    def _refused(self, entry: Entry, error: ValidationError) -> Step:
        for key, messages in error.message_dict.items():
            reason = "its value from the environment is refused." if key in entry.raw else " ".join(messages)
            self._mistake(entry, key, reason)
        return Step("=", entry.shown("name"))

    def _mistake(self, entry: Entry, key: str, text: str) -> None:
        self.mistakes.append(f"{self.file_name} line {entry.line_of(key)}: {entry.path}.{key}: {text}")


def _own(entry: Entry) -> dict[str, Any]:
    """What can be set on an endpoint before the others are there."""
    return {key: value for key, value in entry.fields.items() if key not in (DEPENDS, LOAD)}


def _load(entry: Entry, endpoint: Endpoint) -> tuple[str, ...]:
    """Stores what the file states of its load, and returns what moved; nothing where it leaves that out."""
    if not (stated := entry.fields.get(LOAD)):
        return ()
    own, details = settings.of_endpoint(endpoint), []
    for key, value in stated.items():
        field = "measures_waits" if key == "measure_waits" else key
        wanted, before = bool(value) if field == "measures_waits" else value, getattr(own, field)
        if before != wanted:
            details.append(f"{LOAD}.{key}: {_readable(before)} -> {_readable(wanted)}")
            setattr(own, field, wanted)
            if field == "slots":
                own.slots_since = datetime.now(UTC) if wanted else None
    if details:
        settings.save_endpoint(own)
    return tuple(details)


def _match(entries: list[Entry], existing: list[Endpoint]) -> dict[str, Endpoint]:
    """The endpoint of each entry's path: the one of its name, else one of its URL that no entry names (renamed)."""
    by_name = {endpoint.name.lower(): endpoint for endpoint in existing}
    found = {e.path: by_name[e.fields["name"].lower()] for e in entries if e.fields["name"].lower() in by_name}
    named = {endpoint.pk for endpoint in found.values()}
    by_url = {endpoint.url: endpoint for endpoint in existing if endpoint.pk not in named}
    renamed = {e.path: by_url[e.fields["url"]] for e in entries if e.path not in found and e.fields["url"] in by_url}
    return found | renamed


def _make_way(entries: list[Entry], known: dict[str, Endpoint]) -> None:
    """Takes the stored URL from each endpoint that gets another one, so that two may swap theirs.

    Each gets its new URL, or the transaction is rolled back.
    """
    for entry in entries:
        endpoint = known.get(entry.path)
        if endpoint and endpoint.url != entry.fields["url"]:
            Endpoint.objects.filter(pk=endpoint.pk).update(url=f"moving:{endpoint.pk}")


def _difference(entry: Entry, key: str, before: Any) -> str:
    if key == SECRET:
        return f"{key}: {'removed' if not entry.fields[key] else 'changed' if before else 'set'}"
    if key in entry.raw:
        return f"{key}: changed, to {entry.raw[key]}"
    return f"{key}: {_readable(before)} -> {_text(entry, key)}"


def _text(entry: Entry, key: str) -> str:
    return entry.raw[key] if key in entry.raw else _readable(entry.fields[key])


def _readable(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
