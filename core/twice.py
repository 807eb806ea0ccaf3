"""Forms that are sent twice, by a double click or a reload: the second one makes nothing more."""

from datetime import timedelta

WITHIN = timedelta(seconds=30)
"""The same of the same person again within this time is one form that was sent twice."""
