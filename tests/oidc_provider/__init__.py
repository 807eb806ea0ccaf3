"""A real OpenID Connect provider, by django-allauth, in a process of its own.

`python -m tests.oidc_provider --port 8790 --redirect-uri URI --user JSON`, where JSON has name, mail and password, and
if wanted verified (true or false) and claims, which replace those of allauth: {"userinfo": {...}, "id_token": {...}}.
"""
