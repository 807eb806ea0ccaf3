"""Django's command, with a line in the audit trail."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User

from teams import audit


class Command(changepassword.Command):
    help = "Asks for a new password for an account. All its sessions end."

    def handle(self, *args: Any, **options: Any) -> str | None:
        done = super().handle(*args, **options)
        user = User.objects.get(username=options["username"] or getpass.getuser())
        with audit.acting_via("manage.py changepassword"):
            audit.record("account.password_changed", what=user)
        return done
