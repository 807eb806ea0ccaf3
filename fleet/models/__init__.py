"""What the fleet app stores. The current state of an endpoint is one row; history never makes a page slower."""

from .alert import Alert, AlertPolicy, Channel, Message, Recipient
from .endpoint import Endpoint
from .endpoint_state import EndpointState
from .history import Change, Observation, Rollup, Trace
from .incident import BlindStretch, Incident, IncidentEvent, MaintenanceWindow, Silence, Trouble, note_each
from .load import BucketEdges, EndpointLoad, LoadHour, LoadVerdict, TeamLoad
from .saved_view import SavedView, UsualView

__all__ = [
    "Alert",
    "AlertPolicy",
    "BlindStretch",
    "BucketEdges",
    "Change",
    "Channel",
    "Endpoint",
    "EndpointLoad",
    "EndpointState",
    "Incident",
    "IncidentEvent",
    "LoadHour",
    "LoadVerdict",
    "MaintenanceWindow",
    "Message",
    "Observation",
    "Recipient",
    "Rollup",
    "SavedView",
    "Silence",
    "TeamLoad",
    "Trace",
    "Trouble",
    "UsualView",
    "note_each",
]
