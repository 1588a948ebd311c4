"""What a person reads of the golden worlds: the terminal, the summary, and the words of the page, a
row a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from undertow.audit.result import Audit
from undertow.report import render_html
from undertow.report.markdown import summary_markdown
from undertow.report.text import summary_text

_WORDLESS = re.compile(
    r"<wbr>|<(style|script)\b.*?</\1>|<section id=\"method\".*?</section>", re.DOTALL
)
"""The method note is the same on every page of its kind, and has tests of its own."""
_ENDS = re.compile(
    r"</(?:tr|p|li|h\d|dt|dd|title|desc|div|figcaption|caption|button|option|summary)>|<br[^>]*>"
)
_TAG = re.compile(r"<[^>]*>")


def page_words(audit: Audit) -> str:
    """Every word and number that stands on the page, in order, without markup."""
    body = _ENDS.sub("\n", re.sub(r"\s+", " ", _WORDLESS.sub("", render_html(audit))))
    lines = (" ".join(unescape(_TAG.sub(" ", line)).split()) for line in body.split("\n"))
    return "\n".join(line for line in lines if line) + "\n"


TEXTS: dict[str, Callable[[Audit], str]] = {
    "terminal.txt": summary_text,
    "summary.md": summary_markdown,
    "page.txt": page_words,
}
