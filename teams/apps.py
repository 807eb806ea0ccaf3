"""The app of the people, their teams and the audit trail."""

from django.apps import AppConfig

from core import mail_addresses


class TeamsConfig(AppConfig):
    """Listens to the signals of Django and django-allauth about sign-ins and accounts."""

    name = "teams"

    def ready(self) -> None:
        from django.contrib.auth.models import User

        from .accounts import own_display  # noqa: F401  # the receivers register themselves
        from .audit import sign_ins  # noqa: F401

        # For what is not ours and makes accounts too: `manage.py createsuperuser`.
        User._meta.get_field("email").validators.append(mail_addresses.validate)
