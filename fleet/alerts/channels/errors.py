"""What the channels raise."""


class NotTaken(Exception):
    """A channel did not take the message; the text says why. `final`: another try would be in vain."""

    def __init__(self, why: str, final: bool = False) -> None:
        super().__init__(why)
        self.final = final
