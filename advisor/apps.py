"""The advisor as a Django app: it brings a check of its catalogue."""

from django.apps import AppConfig


class AdvisorConfig(AppConfig):
    name = "advisor"

    def ready(self) -> None:
        from teams import audit
        from teams.accounts import personal_data as teams

        from . import checks, personal_data  # noqa: F401  # checks registers itself
        from .models import Decision, Requirement

        audit.LINKED.update(decision=Decision, requirement=Requirement)
        teams.contributions.append(personal_data.contribution)
