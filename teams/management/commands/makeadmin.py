"""Makes someone an administrator from the server's command line."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser

from teams import audit
from teams.accounts import administrators
from teams.refusals import Refused


class Command(BaseCommand):
    help = "Makes an account an administrator of this installation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the user name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(
                f"There is no account “{options['name']}”. Write the user name as its owner signs in with it."
            )
        if administrators.admins().filter(pk=user.pk).exists():
            self.stdout.write(f"{user} is an administrator already.")
            return
        try:
            with audit.acting_via("manage.py makeadmin"):
                administrators.make_admin(None, user, True)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{user} is an administrator of this installation now.")
