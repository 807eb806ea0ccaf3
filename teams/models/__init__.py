"""Teams, the people in them, and what they leave behind."""

from .audit import AuditEntry
from .invitation import Invitation
from .team import Membership, Role, Team
from .token import ApiToken, Scope

__all__ = ["ApiToken", "AuditEntry", "Invitation", "Membership", "Role", "Scope", "Team"]
