"""What each role may do at each address: the table that the walk holds against the site."""

from dataclasses import dataclass
from enum import Enum


class May(Enum):
    """Who gets past the access helper. All others are refused as `refused` says."""

    EVERYONE = "everyone"
    PERSON = "who is signed in"
    SEE = "who may see the endpoint: everyone who is signed in, or its team where the fleet is not open"
    VIEWER = "viewers of the team and above"
    OPERATOR = "operators of the team and above"
    OPERATES = "operators of any team"
    OWNER = "owners of the team"
    ADMIN = "who runs the installation"
    LINK = "who has the link and is not signed in, or is an operator of the team"
    SELF = "whose own it is: in the walk, who runs the installation"
    TOKEN = "programs with a token; no sign-in helps"
    NOTHING = "there is nothing: a provider that is not set, an address that means nothing"
    NOBODY = "the method is not allowed"


ROLES = ("anonymous", "stranger", "viewer", "operator", "owner", "admin")
_LEAST = {May.VIEWER: "viewer", May.OPERATOR: "operator", May.OWNER: "owner"}


def refused(may: May, role: str, *, fleet_open: bool) -> int | None:
    """The status that refuses this role: 302 means to the sign-in page. None where the role gets in."""
    if may is May.NOBODY:
        return 302 if role == "anonymous" else 405
    if may is May.TOKEN:
        return 401
    if may is May.NOTHING:
        return 404
    if may is May.EVERYONE:
        return None
    if role == "anonymous":
        return None if may is May.LINK else 302
    if may is May.LINK:
        return 404 if role in ("stranger", "viewer") else None
    if may is May.PERSON or (may is May.SEE and fleet_open):
        return None
    if may is May.OPERATES:  # strangers own another team
        return 403 if role == "viewer" else None
    if may in (May.ADMIN, May.SELF):
        return None if role == "admin" else 404
    if role == "stranger":
        return 404
    least = _LEAST.get(may, "viewer")
    return None if ROLES.index(role) >= ROLES.index(least) else 403


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may GET and who may POST; `data` is a body that the view takes."""

    get: May
    post: May
    data: dict[str, str] | None = None


def read(may: May) -> Rule:
    """Only to be read."""
    return Rule(may, May.NOBODY)


def act(may: May, **data: str) -> Rule:
    """Only to be done."""
    return Rule(May.NOBODY, may, data)


RULES = {
    # the site itself
    "health-live": read(May.EVERYONE),
    "health-ready": read(May.EVERYONE),
    # the fleet
    "board": Rule(May.PERSON, May.PERSON),
    "board-changes": Rule(May.PERSON, May.PERSON),
    "board-layout": act(May.PERSON),
    "live": Rule(May.PERSON, May.PERSON),
    "endpoint-add": Rule(May.PERSON, May.PERSON),
    "endpoint-add-many": Rule(May.PERSON, May.OPERATES),
    "endpoint-add-checked": Rule(May.SELF, May.SELF),
    "endpoint-add-found": act(May.OPERATES),
    "endpoint-check": act(May.OPERATES),
    "endpoint-discovered": read(May.PERSON),
    "endpoint": read(May.SEE),
    "endpoint-now": read(May.SEE),
    "endpoint-lately": read(May.SEE),
    "endpoint-csv": read(May.SEE),
    "endpoint-edit": Rule(May.OPERATOR, May.OPERATOR),
    "endpoint-pause": Rule(May.OPERATOR, May.OPERATOR),
    "endpoints-bulk": act(May.PERSON),
    "endpoints-undo": act(May.PERSON),
    "endpoint-resume": act(May.OPERATOR),
    "endpoint-probe": act(May.OPERATOR),
    "endpoint-look": act(May.OPERATOR),
    "endpoint-remove": Rule(May.OPERATOR, May.OPERATOR),
    "health-banner": read(May.PERSON),
    "models": read(May.PERSON),
    "search": read(May.PERSON),
    "saved-views": Rule(May.PERSON, May.PERSON),
    "saved-view": read(May.VIEWER),
    "saved-view-usual": act(May.PERSON),
    "saved-view-rename": act(May.OPERATOR, name="Night"),
    "saved-view-delete": act(May.OPERATOR),
    "load": read(May.PERSON),
    "endpoint-load": read(May.SEE),
    "endpoint-load-settings": Rule(May.OPERATOR, May.OPERATOR),
    "team-load": Rule(May.VIEWER, May.OWNER),
    "incidents": read(May.PERSON),
    "incident": read(May.SEE),
    "incident-now": read(May.SEE),
    "incident-acknowledge": act(May.OPERATOR, lasts="resolved"),
    "incident-unacknowledge": act(May.OPERATOR),
    "incident-note": act(May.OPERATOR, text="checked it"),
    "silences": Rule(May.PERSON, May.PERSON),
    "silence-end": act(May.OPERATOR),
    "maintenance": Rule(May.PERSON, May.PERSON),
    "maintenance-remove": act(May.OPERATOR),
    "acknowledge-link": Rule(May.LINK, May.LINK),
    "unsubscribe": Rule(May.EVERYONE, May.EVERYONE),
    "alerts": read(May.PERSON),
    "message-again": act(May.OPERATOR),
    "put-off-again": act(May.OPERATOR),
    "team-availability": read(May.SEE),
    "own-alerts": Rule(May.PERSON, May.VIEWER, {"team": "search", "mails": "off"}),
    "alert-settings": read(May.PERSON),
    "alerting": Rule(May.VIEWER, May.OWNER),
    "alerting-test": act(May.OWNER, channel="mail"),
    "alerting-recipient": act(May.OWNER, act="clear", address="oncall@example.org"),
    # the advisor
    "advisor": read(May.EVERYONE),
    "advisor-preview": read(May.EVERYONE),
    "advisor-check": read(May.EVERYONE),
    "advisor-result": read(May.EVERYONE),
    "advisor-markdown": read(May.EVERYONE),
    "advisor-json": read(May.EVERYONE),
    "requirement-new": Rule(May.PERSON, May.PERSON),
    "requirement": read(May.VIEWER),
    "requirement-markdown": read(May.VIEWER),
    "requirement-json": read(May.VIEWER),
    "requirement-edit": Rule(May.OPERATOR, May.OPERATOR),
    "requirement-autosave": act(May.OPERATOR),
    "requirement-share": act(May.OPERATOR),
    "requirement-withdraw": act(May.OPERATOR),
    "requirement-shared": read(May.EVERYONE),
    "guide": Rule(May.EVERYONE, May.EVERYONE),
    "guide-search": Rule(May.EVERYONE, May.EVERYONE),
    "guide-page": Rule(May.EVERYONE, May.EVERYONE),
    "decisions": read(May.PERSON),
    "decision-new": Rule(May.PERSON, May.PERSON),
    "decisions-export": read(May.PERSON),
    "decision": read(May.VIEWER),
    "decision-markdown": read(May.VIEWER),
    "decision-edit": Rule(May.OPERATOR, May.OPERATOR),
    "decision-move": act(May.OPERATOR),
    "decision-reviewed": act(May.OPERATOR),
    "decision-again": read(May.VIEWER),
    "decision-evidence": read(May.VIEWER),
    # teams and people
    "start": Rule(May.EVERYONE, May.EVERYONE),
    "teams": Rule(May.PERSON, May.PERSON),
    "team": Rule(May.VIEWER, May.OWNER),
    "team-audit": read(May.OWNER),
    "team-audit-csv": read(May.OWNER),
    "team-audit-json": read(May.OWNER),
    "team-delete": Rule(May.OWNER, May.OWNER),
    "team-leave": act(May.VIEWER),
    "member-role": act(May.OWNER, role="operator"),
    "member-remove": act(May.OWNER),
    "invite": act(May.OWNER, email="new@example.org", role="viewer"),
    "invitation-withdraw": act(May.OWNER),
    "invitation": Rule(May.EVERYONE, May.EVERYONE),
    "address-ask": act(May.OWNER, address="waits@example.org"),
    "address-confirm": Rule(May.EVERYONE, May.EVERYONE),
    "mail-address": Rule(May.PERSON, May.PERSON),
    "mail-confirm": Rule(May.SELF, May.SELF),
    "account": Rule(May.PERSON, May.PERSON),
    "user-name": Rule(May.PERSON, May.PERSON),
    "person-data": read(May.PERSON),
    "own-export": act(May.PERSON),
    "own-delete": Rule(May.PERSON, May.PERSON),
    "audit": read(May.ADMIN),
    "audit-csv": read(May.ADMIN),
    "audit-json": read(May.ADMIN),
    "people": read(May.ADMIN),
    "person-change": act(May.ADMIN, act="deactivate"),
    "person-export": act(May.ADMIN),
    "person-delete": Rule(May.ADMIN, May.ADMIN),
    "tokens": Rule(May.PERSON, May.PERSON),
    "token-revoke": act(May.SELF),
    "team-tokens": Rule(May.OWNER, May.OWNER),
    "team-token-revoke": act(May.OWNER),
    # programs
    "api-status": Rule(May.TOKEN, May.TOKEN),
    "api-nothing": Rule(May.NOTHING, May.NOTHING),
    "styleguide": Rule(May.NOTHING, May.NOTHING),  # there only while DEBUG is on
    "metrics": Rule(May.TOKEN, May.TOKEN),
    # django-allauth's pages
    "account_login": Rule(May.EVERYONE, May.EVERYONE),
    "account_logout": Rule(May.EVERYONE, May.EVERYONE),
    "account_inactive": read(May.EVERYONE),
    "account_signup": Rule(May.EVERYONE, May.EVERYONE),
    "account_reauthenticate": Rule(May.PERSON, May.PERSON),
    "account_change_password": Rule(May.PERSON, May.PERSON),
    "account_set_password": Rule(May.PERSON, May.PERSON),
    "account_reset_password": Rule(May.EVERYONE, May.EVERYONE),
    "account_reset_password_done": read(May.EVERYONE),
    "account_reset_password_from_key": Rule(May.EVERYONE, May.EVERYONE),
    "account_reset_password_from_key_done": read(May.EVERYONE),
    "mfa_index": read(May.PERSON),
    "mfa_authenticate": Rule(May.EVERYONE, May.EVERYONE),
    "mfa_reauthenticate": Rule(May.PERSON, May.PERSON),
    "mfa_activate_totp": Rule(May.PERSON, May.PERSON),
    "mfa_deactivate_totp": Rule(May.SELF, May.SELF),
    "mfa_view_recovery_codes": read(May.SELF),
    "mfa_generate_recovery_codes": Rule(May.PERSON, May.PERSON),
    "mfa_download_recovery_codes": Rule(May.SELF, May.SELF),
    "mfa_list_webauthn": read(May.PERSON),
    "mfa_add_webauthn": Rule(May.PERSON, May.PERSON),
    "mfa_reauthenticate_webauthn": Rule(May.PERSON, May.PERSON),
    "mfa_remove_webauthn": Rule(May.SELF, May.SELF),
    "mfa_edit_webauthn": Rule(May.SELF, May.SELF),
    "mfa_login_webauthn": Rule(May.EVERYONE, May.EVERYONE),
    "socialaccount_login_cancelled": read(May.EVERYONE),
    "socialaccount_login_error": read(May.PERSON),
    "socialaccount_signup": Rule(May.EVERYONE, May.EVERYONE),
    "socialaccount_connections": Rule(May.PERSON, May.PERSON),
    "openid_connect_login": Rule(May.NOTHING, May.NOTHING),
    "openid_connect_callback": Rule(May.NOTHING, May.NOTHING),
    "session-end": act(May.SELF),
    "usersessions_list": Rule(May.PERSON, May.PERSON),
}
