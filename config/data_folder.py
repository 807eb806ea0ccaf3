"""Files that the program makes for itself."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def kept_secret(path: Path) -> str:
    """The secret in this file (mode 0600); made on first use. Safe when several processes start at once."""
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it readable for us alone
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # fails when another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text().strip()


def embedded_socket(data: Path) -> Path:
    """Where the embedded Valkey listens. Socket paths may have about 100 bytes: long ones get a stand-in."""
    path = data / "valkey.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"plimsoll-{os.getuid()}-{name}" / "valkey.sock"
