"""People's accounts: sign-in, sessions, second factors, mail addresses, administrators and personal data."""
