"""Logs: one readable line each, on the standard error output, with secrets taken out."""

import logging as standard
from typing import Any


def logging(level: str) -> dict[str, Any]:
    """Django's LOGGING for this level."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "config.redaction.Formatter",  # whatever a library puts into its message
                "format": "{asctime} {levelname:<7} {name}: {message}",
                "style": "{",
                "datefmt": "%H:%M:%S",
            }
        },
        "filters": {
            # The health page says 503 while something is missing. Its body tells what; the log would repeat it.
            "not_health": {
                "()": "django.utils.log.CallbackFilter",
                "callback": lambda record: getattr(record, "status_code", None) != 503,
            },
            "refusals_in_one_line": {"()": "django.utils.log.CallbackFilter", "callback": _without_traceback},
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line"},
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["not_health", "refusals_in_one_line"]},
            "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
            # It writes URLs with their tokens. What matters of it is read by fleet.alerts.channels.apprise.
            "apprise": {"handlers": ["nowhere"], "level": "WARNING", "propagate": False},
            # It writes the paths that it asks for, on DEBUG and in some warnings: those of webhooks have tokens.
            "urllib3": {"level": "ERROR"},
            # On DEBUG it writes all that a page was given for each name that it lacks: a new webhook's secret, too.
            "django.template": {"level": "INFO"},
            "uvicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
            # Several lines for each task would be thousands a minute that nobody reads.
            **{
                name: {"level": "WARNING"}
                for name in ("celery", "celery.worker.strategy", "celery.beat", "kombu", "asyncio")
            },
        },
    }


def _without_traceback(record: standard.LogRecord) -> bool:
    """Someone without the role asked for something: that is no fault of the program, so its stack tells nothing."""
    if getattr(record, "status_code", None) == 403:
        record.exc_info = None
    return True
