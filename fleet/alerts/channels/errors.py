"""What the channels raise."""


class NotTaken(Exception):
    """A channel did not take the message; the text has the reason. Another try may succeed."""


class Unreached(NotTaken):
    """Nobody answered, or not in time: other messages would fail there as well."""


class Refused(NotTaken):
    """Refused for good."""


class TakenAway(NotTaken):
    """The team does not have this channel any more."""
