"""Logs: one readable line each, on the standard error output, with secrets taken out."""

import logging
from collections.abc import Callable
from typing import Any

FORMATTER = {
    "()": "config.redaction.Formatter",  # whatever a library puts into its message
    "format": "{asctime} {levelname:<7} {name}: {message}",
    "style": "{",
    "datefmt": "%H:%M:%S",
}

HANDLERS = {
    "console": {"class": "logging.StreamHandler", "formatter": "line"},
    "nowhere": {"class": "logging.NullHandler"},
}

CHATTY = ("celery", "celery.worker.strategy", "celery.beat", "kombu", "asyncio")
"""Several lines of theirs for each task would be thousands a minute that nobody reads."""

LOGGERS: dict[str, dict[str, Any]] = {
    "django.request": {"filters": ["not_health", "refusals_in_one_line"]},
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
        "filters": {"not_health": _filter(_not_health), "refusals_in_one_line": _filter(_without_traceback)},
        "handlers": HANDLERS,
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"django": {"handlers": [], "level": level, "propagate": True}, **LOGGERS},
    }


def _filter(callback: Callable[[logging.LogRecord], bool]) -> dict[str, Any]:
    return {"()": "django.utils.log.CallbackFilter", "callback": callback}


def _not_health(record: logging.LogRecord) -> bool:
    """The health page says 503 while something is missing. Its body tells what; the log would repeat it."""
    return getattr(record, "status_code", None) != 503


def _without_traceback(record: logging.LogRecord) -> bool:
    """Someone without the role asked for something: that is no fault of the program, so its stack tells nothing."""
    if getattr(record, "status_code", None) == 403:
        record.exc_info = None
    return True
