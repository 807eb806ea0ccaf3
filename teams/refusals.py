"""Changes that are not made, with a sentence for whoever asked."""


class Refused(Exception):
    """A change that is not made: a sentence that says why, and what to do."""


class NotThere(Refused):
    """Who asks is no owner (any more), or what was to be changed is gone. Nothing of it is there for them."""
