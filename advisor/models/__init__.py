"""What the advisor app stores."""

from .decision import Decision, DecisionEvent, FrozenBody
from .evidence import DecisionEvidence
from .requirement import Requirement

__all__ = ["Decision", "DecisionEvent", "DecisionEvidence", "FrozenBody", "Requirement"]
