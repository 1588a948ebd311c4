"""Everything Undertow raises on purpose.

    UndertowError
    ├── UserError            a person can fix it: printed without a traceback, exit code 2
    │   ├── RecordError      a population folder is missing, truncated, edited or unfinished
    │   └── TableError       a file of predictions cannot be read or joined
    ├── NotComparableError   two populations that must not be compared: exit code 3
    └── NoEffectError        an intervention that changed nothing

A message names the input, shows the value and gives the fix, in that order. What it quotes comes
from files of others, so every message is made one line without characters that a terminal would
obey, and of bounded length.
"""

from __future__ import annotations

import re

from undertow.undecoded import escaped, holds_no_text, shell_word

LONGEST, LONGEST_COMMANDS = 1500, 60_000
"""Letters of a message, and of all commands in one. A shell takes 128 KB for a word."""
COMMAND = re.compile(r"""python -c '(?:[^']|'"'"')*'""")
"""One to copy, as a shell reads it: a quote within it is ``'"'"'``."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class UndertowError(Exception):
    """Any error Undertow raises on purpose."""

    def __init__(self, message: str = "") -> None:
        super().__init__(harmless(message))


class UserError(UndertowError):
    """Something a person gave cannot be used; the message says what to do."""


def refuse_undecoded(flag: str, *texts: str) -> None:
    """``UserError`` where what stands after a flag holds what UTF-8 cannot say: it names nothing
    that a file of predictions holds, and can be written to no report."""
    if any(map(holds_no_text, texts)):
        raise UserError(
            f"{flag} {' '.join(map(shell_word, texts))}: is not UTF-8 text, which everything in a "
            "report must be; type it in UTF-8"
        )


class RecordError(UserError):
    """A population folder is missing, truncated, edited or unfinished."""


class TableError(UserError):
    """A file of predictions cannot be read, or two of them cannot be joined."""


class NotComparableError(UndertowError):
    """Two populations differ in something that a comparison assumes equal."""


class NoEffectError(UndertowError):
    """An intervention changed nothing, so any difference found would be something else."""


def install(extra: str) -> str:
    """How to install an extra: from the checkout or the wheel. Undertow is on no package index,
    where its name may one day be a stranger's."""
    return (
        f"pip install '.[{extra}]' in Undertow's checkout, or pip install "
        f"'PATH/TO/undertow.whl[{extra}]'"
    )


def harmless(message: str) -> str:
    """One line of bounded length without characters that a terminal obeys. Long messages keep their
    beginning, which names the input, and their end, which gives the fix. A command stays whole: cut
    in its middle it would be no command."""
    message = escaped(message)
    commands = COMMAND.findall(message)
    if not commands or sum(map(len, commands)) > LONGEST_COMMANDS:
        return _cut(message, LONGEST)
    between = COMMAND.split(message)
    fits = sum(map(len, between)) <= LONGEST
    share = LONGEST if fits else max(LONGEST // len(between), 500)
    words = [_cut(text, share) for text in between]
    typed = [*map(_obeyed_by_none, commands), ""]
    return "".join(text for both in zip(words, typed, strict=True) for text in both)


def _cut(message: str, longest: int) -> str:
    """Keeps the beginning and the end of what is longer."""
    head, tail = message[: 4 * longest], message[-4 * longest :]
    said = _obeyed_by_none(message if len(message) <= 8 * longest else f"{head} … {tail}")
    end = min(350, longest // 2)
    return said if len(said) <= longest else f"{said[: longest - end - 50]} … {said[-end:]}"


def _obeyed_by_none(text: str) -> str:
    return _OBEYED.sub(" ", _ESCAPES.sub("", text))
