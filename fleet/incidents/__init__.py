"""Incidents: how they open, worsen and end, what caused them, and what people do about them."""
