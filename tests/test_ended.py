"""How a process ended, in words."""

from __future__ import annotations

import pytest

from undertow.ended import how_ended, last_line


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "with exit code 3"),
        (0, "with exit code 0"),
        (
            -11,
            "by signal 11 (segmentation fault: its code reached into memory that is not its own)",
        ),
        (-9, "by signal 9 (killed from outside, as systems do where memory runs out)"),
        (-4, "by signal 4 (illegal instruction: one that this processor does not have)"),
        (-1, "by signal 1 (SIGHUP)"),
        (-200, "by signal 200"),
    ],
)
def test_a_return_code_in_words(code: int, said: str):
    assert how_ended(code) == said


def test_the_last_line_that_says_anything():
    assert last_line("one\ntwo \n\n  \n") == "the last line that it wrote is 'two'"
    assert last_line("\n") == "it wrote nothing"
    assert last_line("\x1b[31mred\x1b[0m") == "the last line that it wrote is 'red'"
    assert last_line("x" * 300) == f"the last line that it wrote is '{'x' * 200}…'"
