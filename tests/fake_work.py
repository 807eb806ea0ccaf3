"""The work that a fake engine is asked for: generations and embeddings, and how they can hang."""

import contextlib
import json
from collections import deque
from typing import Any

_USAGE = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
_ANSWERS: dict[str, dict[str, Any]] = {
    "POST /api/generate": {"model": "tiny", "response": "x", "done": True, "eval_count": 1, "load_duration": 900_000},
    "POST /api/embed": {"model": "tiny", "embeddings": [[0.5]], "prompt_eval_count": 2, "load_duration": 900_000},
    "POST /v1/completions": {"object": "text_completion", "choices": [{"text": "x"}], "usage": _USAGE},
    "POST /v1/chat/completions": {"object": "chat.completion", "choices": [{}], "usage": _USAGE},
    "POST /v1/embeddings": {"object": "list", "data": [{"embedding": [0.5]}], "usage": {"total_tokens": 2}},
}


class Work:
    """What a fake engine does with requests for work."""

    def __init__(self) -> None:
        self.hang = False  # take requests of any kind and never answer
        self.frozen = False  # never answer requests for work; the rest as ever
        self.crowded = False  # the same, but Ollama's request without a prompt is answered: it waits for no other
        self.posted: deque[tuple[str, dict[str, Any]]] = deque(maxlen=1000)  # path and body of the latest ones

    def post(self, request: str, body: bytes) -> None:
        """Notes a request "POST /path" with this body."""
        with contextlib.suppress(ValueError):
            self.posted.append((request.partition(" ")[2], json.loads(body)))

    def hangs(self, request: str, body: bytes) -> bool:
        """Whether this request never gets an answer."""
        if self.hang or request not in _ANSWERS:
            return self.hang
        return self.frozen or (self.crowded and b'"prompt": "Hi"' in body)

    def done(self, request: str) -> bytes | None:
        """The body that answers this request for work; None for any other request."""
        work = _ANSWERS.get(request)
        return None if work is None else json.dumps(work).encode()
