"""Reading a pasted list of addresses: one a line or comma, each with a name before it if wanted, or CSV."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from io import StringIO

from core.tags import read_tags, split

from ...engines.http.address import bare_host, read_address
from ...engines.http.api_key import clean_key, clean_username
from ...engines.registry import ENGINES

MOST = 200
"""Addresses of one list."""

COLUMNS = ("name", "url", "team", "engine", "tags", "username", "api_key")
"""What a CSV may have, in any order; only "url" is needed."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """One address of a list. With a `problem` the other fields are as they were written, without a key."""

    line: int
    url: str
    name: str = ""
    team: str = ""  # as it is written: a slug or a name
    engine: str = ""
    username: str = ""
    api_key: str = ""
    tags: tuple[str, ...] = ()
    problem: str = ""  # why it can't be added
    host: str = ""  # of a host without a port; then `url` is what it is at the usual port of http

    @property
    def typed(self) -> str:
        """The address to check again: a host stays without a port."""
        return self.host or self.url


def read(text: str) -> list[Pasted]:
    """The addresses of a list, in its order; each that is wrong has its own `problem`.

    Raises ValueError with a sentence where the list as a whole can't be read: empty, too long, or a CSV whose columns
    are not known.
    """
    found: list[Pasted] = []
    seen: dict[str, int] = {}
    text = text.replace("\r\n", "\n")
    for line, written in _csv(text) if _delimiter(text) else _lines(text):
        if len(found) == MOST:
            raise ValueError(f"The list has more than {MOST} addresses. Split it, and add one part after the other.")
        one = _one(line, written)
        if not one.problem and one.url in seen:
            one = Pasted(line, one.url, one.name, problem=f"The same address is in line {seen[one.url]}.")
        seen.setdefault(one.url, line)
        found.append(one)
    if not found:
        raise ValueError("Paste at least one address, such as http://gpu-1:11434.")
    return found


def written(rows: Iterable[Pasted]) -> str:
    """The list again, for a form: as CSV where a row has more than name and address. Its keys are left out."""
    listed = [asdict(row) | {"url": row.typed, "tags": ",".join(row.tags), "api_key": ""} for row in rows]
    used = [column for column in COLUMNS if column == "url" or any(row[column] for row in listed)]
    if set(used) <= {"name", "url"}:
        return "\n".join(f"{row['name']} {row['url']}".strip() for row in listed)
    text = StringIO()
    table = csv.DictWriter(text, used, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(listed)
    return text.getvalue()


def _one(line: int, written: dict[str, str]) -> Pasted:
    username, key, engine = (written.get(column, "") for column in ("username", "api_key", "engine"))
    name, team = " ".join(written.get("name", "").split()), written.get("team", "")
    try:
        host = bare_host(written["url"])
        address = read_address(f"http://{host}" if host else written["url"])
        username = clean_username(username or address.username)
        key = clean_key(key or address.api_key, username)
        tags = read_tags(split(written.get("tags", "")))
        if engine and engine not in ENGINES:
            raise ValueError(f"“{engine[:40]}” is no engine we know. Choose one of: {', '.join(ENGINES)}.")
        if len(address.url) > 500:
            raise ValueError("An address has at most 500 characters.")
    except ValueError as error:
        return Pasted(line, _without_secrets(written["url"]), name, team, problem=str(error))
    host = address.url.removeprefix("http://") if host else ""
    return Pasted(line, address.url, name, team, engine, username, key, tuple(tags), host=host)


def _without_secrets(url: str) -> str:
    """What is shown of an address that could not be read: nothing of a curl command or before an "@"."""
    return "curl …" if "curl" in url else url.rpartition("@")[2][:200]


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The pieces between line breaks and commas. A curl command is one piece, also over several lines."""
    number = 0
    for joined in re.split(r"(?<![\\^`])\n", text):
        first, number = number + 1, number + 1 + joined.count("\n")
        line = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", joined).strip()
        if not line or line.startswith("#"):
            continue
        for piece in [line] if re.search(r"\bcurl\b", line) else re.split(r"[,;]", line):
            *name, _ = words = piece.split() or [""]
            if "curl" in words or any("@" in word or "://" in word for word in name):
                separate = "curl" not in words and all("://" in word for word in words)
                yield from ((first, {"url": url}) for url in (words if separate else [piece.strip()]))
            elif words[-1]:
                yield first, {"url": words[-1], "name": " ".join(name).rstrip(":=")}


def _delimiter(text: str) -> str:
    """What parts the columns of a CSV, whose first line names the column "url"; "" for any other text."""
    first = next((line for line in text.splitlines() if line.strip()), "").lower()
    cells = {mark: [cell.strip(' "') for cell in first.split(mark)] for mark in (",", ";", "\t")}
    return next((mark for mark, names in cells.items() if len(names) > 1 and "url" in names), "")


def _csv(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    rows = csv.reader(StringIO(text.lstrip("\ufeff \n")), delimiter=_delimiter(text))
    try:
        columns = [cell.strip().lower() for cell in next(rows)]
        if unknown := [column for column in columns if column not in COLUMNS]:
            known = ", ".join(COLUMNS)
            raise ValueError(f"The column “{unknown[0][:40]}” is not known. Take it out. Known are: {known}.")
        for cells in rows:
            written = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
            if any(written.values()):
                yield rows.line_num, {"url": "", **written}
    except csv.Error as error:
        raise ValueError(f"Line {rows.line_num} is not CSV: {error}.") from None
