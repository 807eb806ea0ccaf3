"""The audit trail: who did what, and when."""

from .trail import LINKED, acting_via, context, differences, done, record, subject_of

__all__ = ["LINKED", "acting_via", "context", "differences", "done", "record", "subject_of"]
