"""The audit trail: who did what, and when."""

from .trail import LINKED, About, acting_via, context, differences, done, record, record_each, subject_of

__all__ = ["LINKED", "About", "acting_via", "context", "differences", "done", "record", "record_each", "subject_of"]
