"""Who may see and change which endpoint. Views call one of these first; strangers get 404."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from teams.access import teams_of

from .models import Endpoint, Incident


def see_endpoint(user, pk: int) -> Endpoint:
    """The endpoint with its team and state; the whole fleet can be read by anyone who is signed in."""
    return get_object_or_404(Endpoint.objects.select_related("team", "state"), pk=pk)


def change_endpoint(user, pk: int) -> Endpoint:
    """The endpoint, for a member of its team; raises Http404 for anyone else."""
    endpoint = see_endpoint(user, pk)
    if not may_change(user, endpoint):
        raise Http404("No endpoint of your teams has this number.")
    return endpoint


def change_incident(user, pk: int) -> Incident:
    """The incident, for a member of its endpoint's team; raises Http404 for anyone else."""
    incident = get_object_or_404(Incident.objects.select_related("endpoint__team"), pk=pk)
    if not may_change(user, incident.endpoint):
        raise Http404("No incident of your teams has this number.")
    return incident


def may_change(user, endpoint: Endpoint) -> bool:
    """Whether the person may act for the endpoint's team."""
    return teams_of(user).filter(pk=endpoint.team_id).exists()
