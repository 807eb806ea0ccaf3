"""The fleet's pages."""

from django.urls import path

from .views import alerts, board, edit, endpoint, incidents, models

urlpatterns = [
    path("", board.board, name="board"),
    path("changes/", board.changes, name="board-changes"),
    path("live", board.stream, name="live"),
    path("endpoints/add/", edit.endpoint_add, name="endpoint-add"),
    path("endpoints/check/", edit.endpoint_check, name="endpoint-check"),
    path("endpoints/discovered/", edit.endpoint_discovered, name="endpoint-discovered"),
    path("endpoints/<int:pk>/", endpoint.endpoint, name="endpoint"),
    path("endpoints/<int:pk>/now/", endpoint.endpoint_now, name="endpoint-now"),
    path("endpoints/<int:pk>/edit/", edit.endpoint_edit, name="endpoint-edit"),
    path("endpoints/<int:pk>/pause/", edit.endpoint_pause, name="endpoint-pause"),
    path("endpoints/<int:pk>/resume/", edit.endpoint_resume, name="endpoint-resume"),
    path("endpoints/<int:pk>/look/", edit.endpoint_look, name="endpoint-look"),
    path("endpoints/<int:pk>/remove/", edit.endpoint_remove, name="endpoint-remove"),
    path("models/", models.models, name="models"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident, name="incident"),
    path("alerts/", alerts.alerts, name="alerts"),
]
