"""Adds a person to a team; a new account gets a link to set its password."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from teams.models import Membership, Team
from teams.people import new_person


class Command(BaseCommand):
    """manage.py adduser bob bob@example.org --team search"""

    help = "Adds a person to a team. A new account gets a one-time link to set its password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("email")
        parser.add_argument("--team", required=True, help="the team's slug, as in its page's address")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            known = ", ".join(Team.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no team “{options['team']}”. Teams: {known}.")
        known_user = User.objects.filter(username__iexact=options["username"]).first()
        if known_user:
            Membership.objects.get_or_create(user=known_user, team=team)
            self.stdout.write(f"{known_user} has an account and is a member of {team} now.")
            return
        try:
            validate_email(options["email"])
        except ValidationError as error:
            raise CommandError(f"“{options['email']}” is not a mail address.") from error
        user = new_person(options["username"], options["email"], team)
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        path = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])
        self.stdout.write(f"{user} is a member of {team}. To set a password, once: {settings.SITE_URL}{path}")
