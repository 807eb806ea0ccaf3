"""Every setting that comes from the environment or from `.env`, in one table. docs/settings.md shows it too."""

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from environ import Env

from . import oidc, production
from .data_folder import ROOT
from .variables import TABLE, Variable


class BadSettings(Exception):
    """Values that can't be used. `problems` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """The value of every variable of the table; raises BadSettings, which names all bad ones together."""
    values: dict[str, Any] = {}
    problems = []
    for variable in TABLE:
        text = environ.get(variable.name, "").strip() or variable.default
        try:
            values[variable.name] = variable.parse(text) if text else None
        except ValueError as error:
            problems.append(f"{_shown(variable, text)}: {error}.")
    if problems := problems or [*oidc.problems(values), *production.problems(values)]:
        raise BadSettings(problems)
    return values


def _shown(variable: Variable, text: str) -> str:
    if variable.hidden:
        return f"{variable.name} can't be used"
    without_password = re.sub(r"://[^/]*@", "://***@", text)
    return f'{variable.name} is "{without_password}"'


def load() -> dict[str, Any]:
    """The values of this process's environment and `.env`. Ends the process with code 2 when one is bad."""
    try:
        Env.read_env(ROOT / ".env")
        return read(os.environ)
    except BadSettings as error:
        cannot_start(error.problems)
    except UnicodeDecodeError:
        cannot_start([".env is not text in UTF-8: save it as such."])


def cannot_start(problems: list[str]) -> NoReturn:
    """Ends the process with code 2 and these sentences, without a traceback."""
    report("Plimsoll can't start with these settings:", *problems)
    raise SystemExit(2)


def report(*lines: str) -> None:
    """Writes to the standard error output, since there is no log yet. One that takes nothing ends nothing."""
    with suppress(OSError):
        print(*lines, sep="\n  ", file=sys.stderr, flush=True)
