"""Teams, the people in them, and what they leave behind."""

from .address import PendingAddress
from .audit import AuditEntry
from .invitation import Invitation
from .team import Membership, Role, Team
from .token import ApiToken, Scope

__all__ = ["ApiToken", "AuditEntry", "Invitation", "Membership", "PendingAddress", "Role", "Scope", "Team"]
