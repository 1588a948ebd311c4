r"""Bytes that are no UTF-8 text, as the name of a file may hold them.

Python keeps each as a lone surrogate, which nothing that wants UTF-8 can write: no page, no table,
no JSON, and not every terminal. Here they are shown as ``bad\xff.csv``.
"""

from __future__ import annotations

import re
import shlex

_BYTE = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def holds_no_text(text: str) -> bool:
    """Whether there is anything in it that UTF-8 cannot say."""
    return _SURROGATE.search(text) is not None


def escaped(text: str) -> str:
    """The text with such bytes in hexadecimal."""
    return _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)


def shell_word(text: str) -> str:
    r"""The text as one word of a command, which a shell reads back as the same bytes:
    ``$'bad\xff.csv'``."""
    if _BYTE.search(text) is None:
        return shlex.quote(text)
    return "$'" + escaped(text.replace("\\", "\\\\").replace("'", "\\'")) + "'"
