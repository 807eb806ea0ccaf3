"""The advisor as a Django app: it brings a check of its catalogue."""

from django.apps import AppConfig


class AdvisorConfig(AppConfig):
    name = "advisor"

    def ready(self) -> None:
        from teams import audit
        from teams.accounts import personal_data as teams

        from . import checks, data_care  # noqa: F401  # checks registers itself
        from .models import Decision, Requirement

        audit.LINKED.update(decision=Decision, requirement=Requirement)
        teams.contributions.append(data_care.contribution)
