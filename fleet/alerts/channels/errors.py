"""What the channels raise."""

from datetime import timedelta


class NotTaken(Exception):
    """A channel did not take the message; the text has the reason. Another try may succeed."""


class Unreached(NotTaken):
    """Nobody answered in time, or the service asked for a pause: other messages would fail there as well.

    `pause` is how long it wants to get none, at least.
    """

    def __init__(self, why: str, pause: timedelta = timedelta()) -> None:
        super().__init__(why)
        self.pause = pause


class Refused(NotTaken):
    """Refused for good."""


class TakenAway(NotTaken):
    """The team does not have this channel any more."""
