"""What the advisor app stores."""

from .decision import Decision, DecisionEvent, FrozenBody
from .requirement import Requirement

__all__ = ["Decision", "DecisionEvent", "FrozenBody", "Requirement"]
