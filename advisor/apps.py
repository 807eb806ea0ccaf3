"""The advisor as a Django app: it brings a check of its catalogue."""

from django.apps import AppConfig


class AdvisorConfig(AppConfig):
    name = "advisor"

    def ready(self) -> None:
        from teams import audit, data_care

        from . import checks, people  # noqa: F401  # checks registers itself
        from .models import Decision, Requirement

        audit.LINKED.update(decision=Decision, requirement=Requirement)
        data_care.contributions.append(people.contribution)
