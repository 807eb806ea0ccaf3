"""What the catalogue makes of a team's answers. Pure: no I/O, no Django."""

from .effects import applies, known
from .recommend import recommend
from .values import Answers, Change, ListItem, Recommendation, Verdict
from .ways_out import after

__all__ = ["Answers", "Change", "ListItem", "Recommendation", "Verdict", "after", "applies", "known", "recommend"]
