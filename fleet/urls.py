"""The fleet's pages."""

from django.urls import path

from .views import alerting, alerts, api, availability, board, endpoint, endpoint_edit, incidents, links, models, muting

urlpatterns = [
    path("", board.board, name="board"),
    path("changes/", board.changes, name="board-changes"),
    path("live", board.stream, name="live"),
    path("endpoints/add/", endpoint_edit.endpoint_add, name="endpoint-add"),
    path("endpoints/check/", endpoint_edit.endpoint_check, name="endpoint-check"),
    path("endpoints/discovered/", endpoint_edit.endpoint_discovered, name="endpoint-discovered"),
    path("endpoints/<int:pk>/", endpoint.endpoint, name="endpoint"),
    path("endpoints/<int:pk>/now/", endpoint.endpoint_now, name="endpoint-now"),
    path("endpoints/<int:pk>/edit/", endpoint_edit.endpoint_edit, name="endpoint-edit"),
    path("endpoints/<int:pk>/pause/", endpoint_edit.endpoint_pause, name="endpoint-pause"),
    path("endpoints/<int:pk>/resume/", endpoint_edit.endpoint_resume, name="endpoint-resume"),
    path("endpoints/<int:pk>/probe/", endpoint_edit.endpoint_probe, name="endpoint-probe"),
    path("endpoints/<int:pk>/look/", endpoint_edit.endpoint_probe, name="endpoint-look"),  # its address up to 0.1
    path("endpoints/<int:pk>/remove/", endpoint_edit.endpoint_remove, name="endpoint-remove"),
    path("models/", models.models, name="models"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident, name="incident"),
    path("incidents/<int:pk>/acknowledge/", incidents.acknowledge, name="incident-acknowledge"),
    path("incidents/<int:pk>/unacknowledge/", incidents.unacknowledge, name="incident-unacknowledge"),
    path("incidents/<int:pk>/note/", incidents.note, name="incident-note"),
    path("silences/", muting.silences, name="silences"),
    path("silences/<int:pk>/end/", muting.silence_end, name="silence-end"),
    path("maintenance/", muting.maintenance, name="maintenance"),
    path("maintenance/<int:pk>/remove/", muting.maintenance_remove, name="maintenance-remove"),
    path("alerts/acknowledge/<str:token>/", links.acknowledge, name="acknowledge-link"),
    path("alerts/unsubscribe/<str:token>/", links.unsubscribe, name="unsubscribe"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/put-off/<int:pk>/again/", alerts.put_off_again, name="put-off-again"),
    path("alerts/<int:pk>/again/", alerts.message_again, name="message-again"),
    path("teams/<slug:slug>/availability/", availability.team, name="team-availability"),
    path("teams/<slug:slug>/alerting/", alerting.alerting, name="alerting"),
    path("teams/<slug:slug>/alerting/test/", alerting.alerting_test, name="alerting-test"),
    path("teams/<slug:slug>/alerting/recipient/", alerting.alerting_recipient, name="alerting-recipient"),
    path("api/v1/status", api.status, name="api-status"),
    path("api/<path:rest>", api.nothing, name="api-nothing"),
    path("metrics", api.metrics, name="metrics"),
]
