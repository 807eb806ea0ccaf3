"""Faults that are made on purpose, and the books about what was shown of each."""

import time
from dataclasses import dataclass

from .engines import Engine
from .mail import Mail
from .rig import Rig

TROUBLE = ("DOWN", "DEGRADED")


@dataclass
class Fault:
    """One endpoint that is made to fail. It has a team and a recipient of its own, so that no mail is shared."""

    name: str
    number: int
    engine: Engine
    failed_at: float | None = None  # unix seconds
    mended_at: float | None = None
    filed: bool = False  # shown to its end, and no longer watched

    @property
    def recipient(self) -> str:
        return f"{self.name}@example.org"


class Ledger:
    """Makes faults, mends each once its outage was shown, and knows what is missing."""

    def __init__(self, rig: Rig, mend: bool = True) -> None:
        self.faults: list[Fault] = []
        self._rig, self._mend = rig, mend
        rig.meanwhile.append(self._advance)

    def prepare(self, count: int) -> list[Fault]:
        """Watches so many more engines and waits until each was seen up."""
        made = []
        for _ in range(count):
            engine = self._rig.engines.make()
            name = f"fault-{engine.number}"
            made.append(Fault(name, self._rig.add(name, {name: engine}, f"{name}@example.org")[0], engine))
            self.faults.append(made[-1])
        numbers = [fault.number for fault in made]
        self._rig.wait(lambda: self._rig.all_up(numbers), 60, "new endpoints were not seen up")
        return made

    def fail(self, faults: list[Fault]) -> None:
        """From now on these refuse every connection."""
        for fault in faults:
            fault.engine.down()
            fault.failed_at = time.time()

    def mails(self, fault: Fault, *kinds: str) -> list[Mail]:
        """The mails of these kinds about it."""
        return [mail for mail in self._rig.mail.to(fault.recipient) if mail.kind in kinds]

    def alerted_down(self, faults: list[Fault]) -> bool:
        """Whether the outage of each of them was shown."""
        return all(self.mails(fault, *TROUBLE) for fault in faults)

    def complete(self) -> bool:
        """Whether each outage and each recovery was shown."""
        return all(fault.filed for fault in self.faults)

    def settle(self, seconds: float) -> None:
        """Waits until all was shown and nothing is left in the outbox, for so long at most."""
        self._rig.wait_up_to(seconds, lambda: self.complete() and not self._rig.undelivered())

    def lost(self) -> list[str]:
        """Mails that never came, as "DOWN of fault-3"."""
        found = [f"DOWN of {fault.name}" for fault in self.faults if not self.mails(fault, *TROUBLE)]
        return found + [f"UP of {fault.name}" for fault in self.faults if not self.mails(fault, "UP")]

    def strays(self) -> list[str]:
        """Mails that should not be: a second one that is not the first one again."""
        found = []
        for fault in self.faults:
            for kinds in (TROUBLE, ("UP",)):
                different = {mail.message_id for mail in self.mails(fault, *kinds)}
                if len(different) > 1:
                    found.append(f"{len(different)} different {kinds[0]} of {fault.name}")
        return found

    def delays(self) -> list[float]:
        """Seconds from each fault to its first mail, sorted."""
        shown = [(fault, self.mails(fault, *TROUBLE)) for fault in self.faults]
        return sorted(mails[0].at - (fault.failed_at or 0) for fault, mails in shown if mails)

    def _advance(self) -> None:
        for fault in self.faults:
            if fault.filed or fault.failed_at is None:
                continue
            if fault.mended_at is None and self._mend and self.mails(fault, *TROUBLE):
                fault.engine.start()
                fault.mended_at = time.time()
            if fault.mended_at is not None and self.mails(fault, "UP"):
                fault.filed = True
                self._rig.ask("pause", numbers=[fault.number])
                self._rig.engines.drop(fault.engine)
