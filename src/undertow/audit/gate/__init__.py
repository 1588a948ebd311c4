"""The gate: an audit's evidence against a written policy, three-valued. Says pass, fail or cannot
tell, and why."""

from undertow.audit.gate.decide import gate as gate
from undertow.audit.gate.policy import Policy as Policy
from undertow.audit.gate.policy import read_policy as read_policy
from undertow.audit.gate.result import Decision as Decision
from undertow.audit.gate.result import GateResult as GateResult

__all__ = ["Decision", "GateResult", "Policy", "gate", "read_policy"]
