"""What a page shows of a list of addresses, row by row, and the adding of those that are ticked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from teams.access import teams_of
from teams.models import Role, Team

from ...engines.registry import label
from ...models import Endpoint
from .. import actions, found
from .batch import LAST, OVERALL, Batch, answers
from .pasted import Pasted

LATE = f"Not probed: all addresses together have {OVERALL + LAST:.0f} s. Add it all the same, or check it alone."


@dataclass(slots=True)
class Row:
    """One address of a list."""

    index: int
    pasted: Pasted
    team: Team | None
    name: str
    answer: dict[str, Any] | None  # batch._answer; None where nothing is known yet
    pending: bool
    problem: str = ""  # why it can't be added, or why adding it failed
    watched_as: Endpoint | None = None  # what watches the address in this team already
    twin: bool = False  # whether a row before it came to the same address
    ticked: bool = False

    @property
    def url(self) -> str:
        """What would be added: of a host without a port the address that answers there, once that is known."""
        return self.answer["url"] if self.answer else self.pasted.url

    @property
    def shown(self) -> str:
        """The address for the page; of a host without a port only the host, until one is found."""
        return self.url if self.url != self.pasted.url else self.pasted.typed

    @property
    def addable(self) -> bool:
        """Whether it may be ticked."""
        return not self.pasted.problem and not self.twin and self.team is not None and self.watched_as is None

    @property
    def brought(self) -> str:
        """What the list has of it beside name, team and address; of a key only that there is one."""
        pasted, parts = self.pasted, []
        if pasted.tags:
            parts.append(f"tags {', '.join(pasted.tags)}")
        if pasted.api_key:
            parts.append(f"basic auth as {pasted.username}" if pasted.username else "with an API key")
        if pasted.engine:
            parts.append(f"engine {label(pasted.engine)}")
        return "; ".join(parts)


def rows(user: User, batch: Batch, watched: QuerySet[Endpoint]) -> list[Row]:
    """All of a list as it stands; ticked is what answers, or may still answer. `watched` is what the person sees."""
    known, over = answers(batch), batch.over
    may = list(teams_of(user, Role.OPERATOR))
    by_name = {text.lower(): team for team in may for text in (team.name, team.slug)}
    usual = next((team for team in may if team.pk == batch.team), None)
    urls = {row.url for row in batch.rows if not row.problem} | {answer["url"] for answer in known.values()}
    twins = {(each.team_id, each.url): each for each in watched.filter(url__in=urls)}
    first: dict[str, int] = {}
    used: set[str] = set()
    made = []
    for index, pasted in enumerate(batch.rows):
        team = by_name.get(pasted.team.lower()) if pasted.team else usual
        answer = known.get(index)
        pending = not pasted.problem and answer is None and not over
        row = Row(index, pasted, team, _free(pasted, used), answer, pending, pasted.problem)
        row.watched_as = twins.get((team.pk, row.url)) if team and not pasted.problem else None
        row.twin = not pasted.problem and first.setdefault(row.url, index) != index
        if row.twin:
            row.problem = f"The same address is in line {batch.rows[first[row.url]].line}."
        elif team is None and not row.problem:
            row.problem = f"You are an operator of no team “{pasted.team[:80]}”. Use the slug or name of one of yours."
        elif len(row.name) > 80 and not row.problem:
            row.problem = "A name has at most 80 characters. Shorten it here."
        elif answer is None and not pending and not row.problem:
            row.problem = LATE
        row.ticked = row.addable and (pending or bool(answer and not answer["failed"]))
        made.append(row)
    return made


def add(user: User, made: list[Row], ticked: Collection[int], names: Mapping[int, str]) -> list[Endpoint]:
    """Adds the ticked ones of the rows, under these names; each that is refused has its `problem`, and stays ticked."""
    for row in made:
        row.name, row.ticked = names.get(row.index, row.name), row.index in ticked and row.addable
    wanted = [(row, _new(user, row, row.team)) for row in made if row.ticked and row.team]
    added = []
    for (row, _), result in zip(wanted, actions.add_each([new for _, new in wanted]), strict=True):
        if isinstance(result, ValidationError):
            row.problem = " ".join(result.messages)
        else:
            row.watched_as, row.ticked, row.problem = result, False, ""
            added.append(result)
    return added


def _new(user: User, row: Row, team: Team) -> actions.New:
    fields = {name: getattr(row.pasted, name) for name in ("engine", "username", "api_key")}
    fields |= {"url": row.url, "name": row.name, "tags": list(row.pasted.tags)}
    return actions.New(team, fields, found.recall(user.pk, row.url, row.pasted.username))


def add_found(user: User, team: Team, urls: list[str]) -> tuple[list[Endpoint], list[str]]:
    """Adds servers that a search of this machine found; returns those that were added, and why others were not."""
    new = [
        actions.New(team, {"url": url, "name": actions.suggested_name(url)}, found.recall(user.pk, url, ""))
        for url in urls
    ]
    results = list(zip(urls, actions.add_each(new), strict=True))
    problems = [f"{url}: {' '.join(made.messages)}" for url, made in results if isinstance(made, ValidationError)]
    return [made for _, made in results if isinstance(made, Endpoint)], problems


def _free(pasted: Pasted, used: set[str]) -> str:
    """The name that is proposed: the one of the list, else made of the address; with a number where it is used."""
    if pasted.problem:
        return pasted.name
    name = proposed = pasted.name or actions.suggested_name(pasted.url)[:76]
    number = 2
    while not pasted.name and name.lower() in used:
        name, number = f"{proposed}-{number}", number + 1
    used.add(name.lower())
    return name
