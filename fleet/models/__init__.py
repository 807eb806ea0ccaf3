"""What the fleet app stores. The current state of an endpoint is one row; history never makes a page slower."""

from .alert import Alert, AlertPolicy, Channel, Message, Recipient
from .endpoint import Endpoint, EndpointState
from .history import Change, Observation, Rollup, Trace
from .incident import BlindStretch, Incident, IncidentEvent, MaintenanceWindow, Silence

__all__ = [
    "Alert",
    "AlertPolicy",
    "BlindStretch",
    "Change",
    "Channel",
    "Endpoint",
    "EndpointState",
    "Incident",
    "IncidentEvent",
    "MaintenanceWindow",
    "Message",
    "Observation",
    "Recipient",
    "Rollup",
    "Silence",
    "Trace",
]
