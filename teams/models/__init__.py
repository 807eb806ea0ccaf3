"""Teams, the people in them, and what they leave behind."""

from .address import PendingAddress
from .audit import AuditEntry
from .display import ShownAs
from .former_name import FormerName
from .invitation import Invitation
from .team import Membership, Role, Team
from .token import ApiToken, Scope

__all__ = [
    "ApiToken", "AuditEntry", "FormerName", "Invitation", "Membership", "PendingAddress", "Role", "Scope", "ShownAs",
    "Team",
]  # fmt: skip
