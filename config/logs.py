"""Logs: one readable line each, on the standard error output, with secrets taken out."""

import logging
from dataclasses import dataclass
from typing import Any

FORMATTER = {
    "()": "core.redaction.Formatter",  # whatever a library puts into its message
    "format": "{asctime} {levelname:<7} {name}: {message}",
    "style": "{",
    "datefmt": "%H:%M:%S",
}

HANDLERS = {
    "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["not_health", "not_too_often"]},
    "nowhere": {"class": "logging.NullHandler"},
}

CHATTY = ("celery", "celery.worker.strategy", "kombu", "asyncio")
"""Several lines of theirs for each task would be thousands a minute that nobody reads."""

BY_STRANGERS = ("django.request", "django.security", "uvicorn", "asyncio")
"""Loggers of which anyone who sends requests can make lines."""

LINES, OWN_LINES = 20, 100
"""Warnings a minute that one line of code may write: in these loggers, and in all others."""

KINDS = 1000
"""Kinds that are remembered."""

LOGGERS: dict[str, dict[str, Any]] = {
    # It writes URLs with their tokens. What matters of it is read by fleet.alerts.channels.apprise.
    "apprise": {"handlers": ["nowhere"], "level": "WARNING", "propagate": False},
    # It writes the paths that it asks for, on DEBUG and in some warnings: those of webhooks have tokens.
    "urllib3": {"level": "ERROR"},
    # On DEBUG it writes all that a page was given for each name that it lacks: a new webhook's secret, too.
    "django.template": {"level": "INFO"},
    "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
    "uvicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
    **{name: {"level": "WARNING"} for name in CHATTY},
}


def configuration(level: str) -> dict[str, Any]:
    """Django's LOGGING for this level."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": FORMATTER},
        "filters": {
            "not_health": {"()": "django.utils.log.CallbackFilter", "callback": _not_health},
            "not_too_often": {"()": "config.logs.NotTooOften"},
        },
        "handlers": HANDLERS,
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"django": {"handlers": [], "level": level, "propagate": True}, **LOGGERS},
    }


def _not_health(record: logging.LogRecord) -> bool:
    """The health page says 503 while something is missing. Its body has the reason; the log would repeat it."""
    return getattr(record, "status_code", None) != 503


class NotTooOften(logging.Filter):
    """Keeps strangers, and a part that is away, from filling the disk.

    Refused requests lose their traceback: a wrong host name or a missing role is no fault of the program. Of what fails
    with a traceback, one is written a minute for each logger, kind of exception and line of code; of warnings that
    strangers can cause, LINES, and of others OWN_LINES. The next one has the number that was left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[object, ...], _Minute] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; may change its text."""
        if record.name.startswith("django.security.") or 400 <= getattr(record, "status_code", 0) < 500:
            record.exc_info = None
        error = record.exc_info[1] if record.exc_info else None
        if error is None and record.levelno < logging.WARNING:
            return True
        kind = (record.name, getattr(record, "status_code", 0), record.pathname, record.lineno, *_where(error))
        minute = self._kinds.get(kind)
        if minute is None or not 0 <= record.created - minute.began < 60:
            if len(self._kinds) > KINDS:
                self._kinds.clear()
            if minute is not None and minute.left_out:
                record.msg, record.args = (
                    f"{record.getMessage()} ({minute.left_out} more like this were left out)",
                    None,
                )
            minute = self._kinds[kind] = _Minute(record.created)
        minute.seen += 1
        most = 1 if error else LINES if record.name.startswith(BY_STRANGERS) else OWN_LINES
        written = minute.seen <= most
        minute.left_out += not written
        return written


@dataclass
class _Minute:
    began: float  # unix seconds
    seen: int = 0
    left_out: int = 0


def _where(error: BaseException | None) -> tuple[object, ...]:
    """The exception's class, and the line of code that raised it."""
    frame = error.__traceback__ if error else None
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return (type(error), frame.tb_frame.f_code.co_filename, frame.tb_lineno) if frame else (type(error),)
