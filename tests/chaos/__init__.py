"""Breaks the running product on purpose: real processes, a real mail server, a real broker, real engines to watch."""
