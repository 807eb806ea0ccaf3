"""Decisions: what a team chose on the advice, frozen with it, and when to review it."""
