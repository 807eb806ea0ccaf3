"""How much a team or a person may have. The numbers are settings; who adds something asks here first."""

from django.conf import settings

from .models import Team


def full(setting: str, there: int, what: str, instead: str) -> str:
    """Why one more is refused, as a sentence; empty while there is room.

    `what` completes "The limit of 20 ... is reached", `instead` is a sentence about what to do.
    """
    most = getattr(settings, setting)
    return "" if there < most else f"The limit of {most} {what} is reached. {instead} {raising(setting)}"


def raising(setting: str) -> str:
    """Who can change the limit, as a sentence."""
    return f"An administrator of this installation can raise {setting}."


def hold(*teams: Team) -> None:
    """Until the transaction ends nobody else adds to these teams, so that of two at once the second counts the first.

    Before states are locked (EndpointState.objects.locked), so that none waits for another in a circle.
    """
    rows = Team.objects.order_by("pk").filter(pk__in={team.pk for team in teams})
    list(rows.select_for_update(no_key=True).values_list("pk"))
