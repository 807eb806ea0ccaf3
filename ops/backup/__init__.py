"""One file with everything that is stored, and the way back, on SQLite and PostgreSQL alike.

The file is a zip: `manifest.json`, `rows/<app>.<Model>.jsonl` (a JSON list of values a line, in the order of the
manifest's columns) and, when asked for, `keys/`. Secrets stay as they are stored: encrypted.
"""

from .reading import Refused
from .restoring import Restored, restore
from .writing import Written, back_up

__all__ = ["Refused", "Restored", "Written", "back_up", "restore"]
