"""What is measured while a member trains, and changes nothing of it. One file per probe."""

from undertow.lab.probes.gradient_flow import GradientFlow as GradientFlow
from undertow.lab.probes.prediction_depth import PredictionDepth as PredictionDepth
from undertow.lab.probes.snapshots import Snapshots as Snapshots
from undertow.lab.probes.trace import Trace as Trace

__all__ = ["GradientFlow", "PredictionDepth", "Snapshots", "Trace"]
