"""Sign-in by an OpenID Connect provider: django-allauth's own provider, which trusts fewer answers here."""
