"""How a person wants times and colours shown: by the session of who is signed in, else by a cookie. Costs no query."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest

from . import time_zones

COOKIE = "display"
"""`theme:clock:zone`, each empty where nothing was chosen. The session has it under the same name."""

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
    def of(cls, kept: Mapping[str, str]) -> "Display":
        """From a request's cookies, or its session. What can't be read is as if it were not there."""
        theme, clock, zone = [*kept.get(COOKIE, "").split(":"), "", "", ""][:3]
        return cls(
            theme if theme in THEMES else "",
            clock if clock in CLOCKS else "",
            zone if zone and zone in time_zones.known() else "",
        )

    @classmethod
    def for_request(cls, request: HttpRequest) -> "Display":
        """What counts for this request: what the person chose, else what this browser has."""
        session = getattr(request, "session", {})
        return cls.of(session if COOKIE in session else request.COOKIES)

    @property
    def cookie(self) -> str:
        return f"{self.theme}:{self.clock}:{self.zone}"
