"""The pages about people and teams."""

from django.urls import include, path

from .views import account, addresses, audit, invitations, mail, members, people, sessions, start, teams, tokens

urlpatterns = [
    path("start/<str:token>/", start.start, name="start"),
    path("accounts/login/", start.sign_in, name="account_login"),
    path("accounts/", include("teams.accounts.urls")),
    path("teams/", teams.teams, name="teams"),
    path("teams/<slug:slug>/", teams.team, name="team"),
    path("teams/<slug:slug>/audit/", audit.team_audit, name="team-audit"),
    path("teams/<slug:slug>/audit/export.csv", audit.team_csv, name="team-audit-csv"),
    path("teams/<slug:slug>/audit/export.json", audit.team_json, name="team-audit-json"),
    path("teams/<slug:slug>/addresses/ask/", addresses.ask, name="address-ask"),
    path("addresses/confirm/<str:token>/", addresses.confirm, name="address-confirm"),
    path("teams/<slug:slug>/delete/", teams.delete, name="team-delete"),
    path("teams/<slug:slug>/leave/", members.leave, name="team-leave"),
    path("teams/<slug:slug>/members/<int:pk>/role/", members.change_role, name="member-role"),
    path("teams/<slug:slug>/members/<int:pk>/remove/", members.remove, name="member-remove"),
    path("teams/<slug:slug>/invite/", invitations.invite, name="invite"),
    path("teams/<slug:slug>/invitations/<int:pk>/withdraw/", invitations.withdraw, name="invitation-withdraw"),
    path("join/<str:token>/", invitations.invitation, name="invitation"),
    path("account/", account.account, name="account"),
    path("account/name/", account.user_name, name="user-name"),
    path("account/mail/", mail.address, name="mail-address"),
    path("account/mail/<str:token>/", mail.confirm, name="mail-confirm"),
    path("account/data/", people.data, name="person-data"),
    path("account/data/export/", people.export_own, name="own-export"),
    path("account/data/delete/", people.delete_own, name="own-delete"),
    path("audit/", audit.installation, name="audit"),
    path("audit/export.csv", audit.installation_csv, name="audit-csv"),
    path("audit/export.json", audit.installation_json, name="audit-json"),
    path("people/", people.people, name="people"),
    path("people/<int:pk>/", people.change, name="person-change"),
    path("people/<int:pk>/export/", people.export, name="person-export"),
    path("people/<int:pk>/delete/", people.delete, name="person-delete"),
    path("account/sessions/<int:pk>/end/", sessions.end, name="session-end"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("teams/<slug:slug>/tokens/", tokens.team_tokens, name="team-tokens"),
    path("teams/<slug:slug>/tokens/<int:pk>/revoke/", tokens.team_token_revoke, name="team-token-revoke"),
]
