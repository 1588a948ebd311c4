"""The fixture ``undertow_gate`` for test suites that decide a release; pytest finds it by itself.

def test_int8_may_ship(undertow_gate):
    result = undertow_gate("logs/fp16", "logs/int8", "gate.toml")
    assert result, result.reason
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from undertow.audit.gate.result import GateResult


@pytest.fixture
def undertow_gate() -> Callable[..., GateResult]:
    """``undertow.gating.gate_paths``: files and a policy in, the same ``GateResult`` as the
    command's out."""
    # Not before it is used: this module loads with every pytest run.
    from undertow.gating import gate_paths

    return gate_paths
