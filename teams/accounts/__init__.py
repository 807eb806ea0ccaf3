"""People's accounts: sign-in, sessions, second factors, email addresses, administrators and personal data."""
