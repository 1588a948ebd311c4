"""What does a suggested command in this process refuses what a shell would do more with."""

from __future__ import annotations

import pytest

import suggested


@pytest.mark.parametrize("rest", ["$HOME", "`ls`", "; ls", "> a", '"$x"', "*"])
def test_what_a_shell_would_change_is_refused(rest: str) -> None:
    with pytest.raises(AssertionError, match="a shell does more than split this"):
        suggested.do(f"python -c 'import json' {rest}")


def test_an_error_is_not_swallowed() -> None:
    with pytest.raises(NameError, match="pytest"):
        suggested.do("python -c 'pytest'")
