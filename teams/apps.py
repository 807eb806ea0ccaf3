"""The app of the people, their teams and the audit trail."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """Listens to what Django and django-allauth tell of sign-ins and accounts."""

    name = "teams"

    def ready(self) -> None:
        from . import signals  # noqa: F401  # the receivers register themselves
