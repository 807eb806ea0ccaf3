"""A page as a reader finds it: without what closed sections hold back."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Opened(HTMLParser):
    """Collects the text outside closed details, their summaries included."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._path: list[str] = []  # the open tags; "closed" stands for closed details

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._path.append("closed" if tag == "details" and "open" not in dict(attrs) else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._path:
            self._path.pop()

    def handle_data(self, data: str) -> None:
        closed = [place for place, tag in enumerate(self._path) if tag == "closed"]
        within = [self._path[place + 1 : place + 2] for place in closed]
        if not {"head", "script", "style", "svg"} & set(self._path) and all(tag == ["summary"] for tag in within):
            self.shown.append(data)


def text(html: str) -> str:
    """The text of the page as opened, words parted by one space."""
    parser = _Opened()
    parser.feed(html)
    return " ".join(" ".join(parser.shown).split())
