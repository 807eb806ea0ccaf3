"""Takes the second factors of an account away from the server's command line."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser

from teams import audit
from teams.accounts import administrators


class Command(BaseCommand):
    help = "Takes every second factor of an account away, for someone who has lost them and the recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the user name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(
                f"There is no account “{options['name']}”. Write the user name as the page People has it."
            )
        with audit.acting_via("manage.py removefactors"):
            there = administrators.remove_factors(None, user)
        self.stdout.write(f"{user} signs in with the password alone now." if there else f"{user} has no second factor.")
