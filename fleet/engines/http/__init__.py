"""Asking an engine over HTTP: addresses, keys, requests and what is kept of the answers."""
