"""What is measured while a member trains, and changes nothing of it. One file per probe."""

from undertow.lab.probes.augmented import Augmented as Augmented
from undertow.lab.probes.choices import Choices as Choices
from undertow.lab.probes.embedding import Embedding as Embedding
from undertow.lab.probes.gradient_flow import GradientFlow as GradientFlow
from undertow.lab.probes.grand import GraNd as GraNd
from undertow.lab.probes.learned_from import LearnedFrom as LearnedFrom
from undertow.lab.probes.prediction_depth import PredictionDepth as PredictionDepth
from undertow.lab.probes.q_score import QScore as QScore
from undertow.lab.probes.snapshots import Snapshots as Snapshots
from undertow.lab.probes.told import Told as Told
from undertow.lab.probes.trace import Trace as Trace
from undertow.lab.probes.training_probabilities import (
    TrainingProbabilities as TrainingProbabilities,
)
from undertow.lab.probes.vog import VoG as VoG

__all__ = [
    "Augmented",
    "Choices",
    "Embedding",
    "GraNd",
    "GradientFlow",
    "LearnedFrom",
    "PredictionDepth",
    "QScore",
    "Snapshots",
    "Told",
    "Trace",
    "TrainingProbabilities",
    "VoG",
]
