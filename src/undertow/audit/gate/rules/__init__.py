"""The rules a policy can hold, one file each: what is limited, and how it is decided."""

from undertow.audit.gate.rules._rule import Rule as Rule
from undertow.audit.gate.rules.calibration_shift import CalibrationShift
from undertow.audit.gate.rules.max_churn import MaxChurn
from undertow.audit.gate.rules.max_drop import MaxDrop
from undertow.audit.gate.rules.max_new_errors import MaxNewErrors
from undertow.audit.gate.rules.min_realised_speedup import MinRealisedSpeedup
from undertow.audit.gate.rules.must_not_flip import MustNotFlip
from undertow.audit.gate.rules.worst_slice_drop import WorstSliceDrop

RULES: dict[str, type[Rule]] = {
    "max_drop": MaxDrop,
    "worst_slice_drop": WorstSliceDrop,
    "max_churn": MaxChurn,
    "max_new_errors": MaxNewErrors,
    "calibration_shift": CalibrationShift,
    "must_not_flip": MustNotFlip,
    "min_realised_speedup": MinRealisedSpeedup,
}
"""Name in ``gate.toml`` → rule."""

__all__ = ["RULES", "Rule"]
