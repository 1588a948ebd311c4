"""Messages for people who type Python: the flags of the command line become arguments.

Messages are written once, for the command line. Here, at the edge, ``--id image --label y`` becomes
``id='image', label='y'``, and ``--allow-partial`` becomes ``allow_partial=True``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from undertow.errors import UndertowError
from undertow.notebook.in_pandas import in_pandas

SWITCHES = frozenset({"allow-partial", "paired", "members-apart", "force"})
SEVERAL = frozenset({"by", "name", "tasks", "accept"})
"""Flags that take several words."""
RENAMED = {"name": "names"}
NUMBERS = frozenset({"threshold", "tolerance", "tolerance-overall"})
"""Flags whose value is a number."""
PAIRS = frozenset({"scale"})
"""Flags whose value is two numbers."""
PROSE = frozenset({"and", "or", "out", "takes", "to"})
"""Words that follow a flag in a sentence and are not its value."""
PHRASES = (
    (r"give each its own --against: .*", "give a dict: new={'one': …, 'other': …}"),
    (r"stands on both sides, in the reference and after --against", "stands in old and in new"),
    (r"(\S+) --against (\S+)", r"old=\1, new=\2,"),
    (r"give --(\w+) one of these", r"give \1= one of these"),
    (r"another --out\b", "another folder"),
    (r"another name after --out\b", "another folder"),
)
_WORD = r"'(?:[^']|'\"'\"')*'|[^\s;()']+"
_FLAG = re.compile(rf"(?P<leave>leave )?--(?P<flag>[a-z]+(?:-[a-z]+)*)(?P<rest>(?: (?:{_WORD}))*)")


def for_python(
    error: UndertowError, tables: Collection[str] = (), pandas: Collection[str] = ()
) -> UndertowError:
    """The same error in words of Python; ``tables`` are what frames are called in it, ``pandas``
    those of them that are frames of pandas."""
    return type(error)(in_pandas(in_python(str(error), tables), pandas))


def in_python(message: str, tables: Collection[str] = ()) -> str:
    """The message with arguments in place of flags."""
    for called in tables:  # A frame has no parts to be named in its path.
        message = re.sub(
            rf"{re.escape(called)}::('[^']*'|[^\s,;]+)",
            lambda m: (
                f"{m.string[m.start() : m.start(1) - 2]}.rename({{{_value(m[1])}: 'prediction'}})"
            ),
            message,
        )
    for pattern, said in PHRASES:
        message = re.sub(pattern, said, message)
    return _arguments(message)


def _arguments(message: str) -> str:
    made, place, after_argument = "", 0, False
    while (found := _FLAG.search(message, place)) is not None:
        between = message[place : found.start()]
        said, taken, is_argument = _argument(found)
        made += ", " if after_argument and between == " " else between
        made += said
        place, after_argument = taken, is_argument
    return made + message[place:]


def _argument(found: re.Match[str]) -> tuple[str, int, bool]:
    """What is said in place of one flag, where the message goes on, and whether it has a value."""
    flag, leave = found["flag"], found["leave"] or ""
    name = RENAMED.get(flag, flag).replace("-", "_")
    if leave:
        return leave + name, found.end("flag"), False
    if flag in SWITCHES:
        bare = found.string[found.end("flag") :][:1] == ":"
        return (name if bare else f"{name}=True"), found.end("flag"), not bare
    values, end = _values(found)
    if not values:
        return name, found.end("flag"), False
    if flag in PAIRS:
        return f"{name}=({', '.join(values[0].split(','))})", end, True
    said = ", ".join(values if flag in NUMBERS else map(_value, values))
    return f"{name}={said if len(values) == 1 else f'({said})'}", end, True


def _values(found: re.Match[str]) -> tuple[list[str], int]:
    """The words that are values of the flag, and where they end: at punctuation, or at the next
    flag."""
    words, end = list[str](), found.end("flag")
    several = found["flag"] in SEVERAL
    for word in re.finditer(_WORD, found["rest"]):
        said = word[0] if word[0].startswith("'") else word[0].rstrip(".,:")
        if not said or said in PROSE or said.startswith("--") or (words and not several):
            break
        words.append(said)
        end = found.start("rest") + word.start() + len(said)
        if said != word[0]:
            break
    return words, end


def _value(word: str) -> str:
    """As Python writes it; the message has it as a shell reads it."""
    return repr("".join(shlex.split(word)) if word.startswith("'") else word)
