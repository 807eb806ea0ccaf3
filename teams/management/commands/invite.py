"""Invites someone to a team from the server's command line."""

from typing import Any

from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser

from core import mail_addresses
from teams import audit, invitations, members
from teams.models import Role, Team
from teams.refusals import Refused


class Command(BaseCommand):
    help = "Prints a link that makes a person a member of a team, and mails it if a mail server is set."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="the email address of whom you invite")
        parser.add_argument("--team", required=True, help="the team's short name, as in its page's address")
        parser.add_argument("--role", choices=Role.values, default=Role.OPERATOR.value)

    def handle(self, *args: Any, **options: Any) -> None:
        role = Role(options["role"])
        try:
            address = mail_addresses.usable(options["address"])
        except mail_addresses.Unmailable as error:
            raise CommandError(str(error)) from None
        with audit.acting_via("manage.py invite"):
            self._invite(_team(options["team"]), address, role)

    def _invite(self, team: Team, address: str, role: Role) -> None:
        known = list(invitations.accounts_with_address(address))
        try:
            if len(known) == 1:
                member = members.join(known[0], team, role)
                self.stdout.write(f"{known[0]} has an account and is {member.role} of {team} now.")
                return
            made, token = invitations.invite(team, address, role, None)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        trouble = invitations.send(made, token)
        result = f"No mail went out. {trouble} Hand this link over" if trouble else "The link went out by mail. It is"
        self.stdout.write(f"{result} (good for {invitations.VALID.days} days, once):\n{invitations.link(token)}")


def _team(slug: str) -> Team:
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        there = ", ".join(Team.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no team “{slug}”. Teams: {there}.")
    return team
