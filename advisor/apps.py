"""The advisor as a Django app: it brings a check of its catalogue."""

from django.apps import AppConfig


class AdvisorConfig(AppConfig):
    name = "advisor"

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers itself
