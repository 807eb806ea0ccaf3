"""A page as a reader meets it: white space between the lines of a template means nothing to a browser."""

import re

_BLOCKS = (
    "html|head|body|title|meta|link|script|header|main|footer|nav|section|article|aside|div|p|ul|ol|li|dl|dt|dd|table|thead|"
    "tbody|tr|td|th|caption|h[1-6]|form|fieldset|legend|details|summary|option|select|button|br|hr"
)


def flat(html: str) -> str:
    """The page on one line: a space for each end of a line, none beside blocks and at the ends of links."""
    kept = re.split(r"(<(pre|textarea)\b.*?</\2>)", html, flags=re.S)
    for i in range(0, len(kept), 3):
        line = re.sub(r"(<(?:a|span)\b[^<>]*>)\s*\n\s*|\s*\n\s*(</(?:a|span)>)", r"\1\2", kept[i])
        line = re.sub(r"[ \t]*\n[ \t\n]*", " ", line)
        kept[i] = re.sub(rf" ?(</?(?:{_BLOCKS})\b[^>]*>) ?", r"\1", line)
    return "".join(part for i, part in enumerate(kept) if i % 3 != 2)
