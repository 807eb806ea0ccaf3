"""The audit trail: who did what, and when."""

from .trail import LINKED, context, differences, done, record, through, whose

__all__ = ["LINKED", "context", "differences", "done", "record", "through", "whose"]
