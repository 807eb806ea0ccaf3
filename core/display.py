"""How a person wants times and colours shown, kept in a cookie: it needs no sign-in, and costs no query."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import time_zones

COOKIE = "display"
"""`theme:clock:zone`, each empty where nothing was chosen."""

MAX_AGE = 365 * 86_400
"""Seconds."""

THEMES = {"": "As the system", "light": "Light", "dark": "Dark"}
CLOCKS = {"": "As the browser", "24": "24 hours (14:30)", "12": "12 hours (2:30 PM)"}


@dataclass(frozen=True, slots=True)
class Display:
    """What was chosen; an empty text is as system and browser have it."""

    theme: str = ""  # of THEMES
    clock: str = ""  # of CLOCKS
    zone: str = ""  # of time_zones.known()

    @classmethod
    def of(cls, cookies: Mapping[str, str]) -> "Display":
        """From a request's cookies. What can't be read is as if it were not there."""
        theme, clock, zone = [*cookies.get(COOKIE, "").split(":"), "", "", ""][:3]
        return cls(
            theme if theme in THEMES else "",
            clock if clock in CLOCKS else "",
            zone if zone and zone in time_zones.known() else "",
        )

    @property
    def cookie(self) -> str:
        return f"{self.theme}:{self.clock}:{self.zone}"
