"""What the fleet app stores. The current state of an endpoint is one row; history never makes a page slower."""

from .alert import Alert
from .endpoint import Endpoint, EndpointState
from .history import Change, Observation, Trace
from .incident import Incident, IncidentEvent

__all__ = ["Alert", "Change", "Endpoint", "EndpointState", "Incident", "IncidentEvent", "Observation", "Trace"]
