"""Silences and maintenance windows: what keeps alerts back, and the marks that show it."""
