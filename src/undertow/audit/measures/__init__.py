"""Measures: records in, one value per example or per member out. One tight family per file.

To add one: its file, its export here, its test. Everything else reads the card.
"""

from undertow.audit.measures.accuracy import accuracy as accuracy
from undertow.audit.measures.accuracy import error as error
from undertow.audit.measures.answers import answer_share as answer_share
from undertow.audit.measures.answers import precision as precision
from undertow.audit.measures.churn import churn as churn
from undertow.audit.measures.churn import newly_right_per_pair as newly_right_per_pair
from undertow.audit.measures.churn import newly_wrong_per_pair as newly_wrong_per_pair
from undertow.audit.measures.confidence import confidence as confidence
from undertow.audit.measures.confidence import label_confidence as label_confidence
from undertow.audit.measures.error_rates import false_negative_rate as false_negative_rate
from undertow.audit.measures.error_rates import false_positive_rate as false_positive_rate
from undertow.audit.measures.error_rates import relative_change as relative_change
from undertow.audit.measures.modal import modal_disagreement as modal_disagreement
from undertow.audit.measures.modal import modal_labels as modal_labels
from undertow.audit.measures.modal import newly_right as newly_right
from undertow.audit.measures.modal import newly_wrong as newly_wrong
from undertow.audit.measures.over_indexing import over_index as over_index
from undertow.audit.measures.shift import jensen_shannon as jensen_shannon
from undertow.audit.measures.taxicab import taxicab as taxicab
from undertow.audit.measures.taxicab import total_variation as total_variation
from undertow.audit.measures.top_five import top_5_accuracy as top_5_accuracy
from undertow.card import Measure

__all__ = [
    "accuracy",
    "all_measures",
    "answer_share",
    "churn",
    "confidence",
    "error",
    "false_negative_rate",
    "false_positive_rate",
    "jensen_shannon",
    "label_confidence",
    "modal_disagreement",
    "modal_labels",
    "newly_right",
    "newly_right_per_pair",
    "newly_wrong",
    "newly_wrong_per_pair",
    "over_index",
    "precision",
    "relative_change",
    "taxicab",
    "top_5_accuracy",
    "total_variation",
]


def all_measures() -> tuple[Measure, ...]:
    """Every exported measure that carries a card, by kind and then as exported."""
    kinds = ("rate", "answers", "votes", "pair", "mixture")
    carded = [value for value in globals().values() if isinstance(value, Measure)]
    return tuple(sorted(carded, key=lambda m: kinds.index(m.card.kind)))
