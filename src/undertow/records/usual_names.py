"""Knows what people call the columns of a table of predictions, the likeliest name first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

ID = (
    "example_id", "image", "image_id", "image_path", "image_name", "img", "img_id", "img_path",
    "filename", "file_name", "file", "filepath", "file_path", "path", "question_id", "qid",
    "sample_id", "doc_id", "document_id", "prompt_id", "item_id", "row_id", "instance_id",
    "example", "sample", "id", "ids", "uid", "uuid", "guid", "key", "idx", "index", "unnamed:_0",
    "__index_level_0__",
)  # fmt: skip
PREDICTION = (
    "prediction", "predictions", "pred", "preds", "predicted", "y_pred", "ypred", "y_hat", "yhat",
    "predicted_label", "predicted_class", "pred_label", "pred_class", "prediction_label",
    "model_prediction", "model_answer", "model_output", "top1", "top_1", "guess", "response",
    "output", "answer",
)  # fmt: skip
LABEL = (
    "label", "labels", "y_true", "ytrue", "gold", "gold_label", "true_label", "true_class", "truth",
    "ground_truth", "gt", "gt_label", "target", "targets", "class", "class_label", "actual",
    "expected", "true", "true_answer", "correct_label", "correct_class", "expected_label",
    "expected_answer", "actual_label", "actual_class", "reference", "correct_answer", "answer_key",
    "y", "answer",
)  # fmt: skip
GRADE_TOO = frozenset({"true"})
"""Names of labels that may also say whether an answer is right, so that values have to tell."""
COUNTERS = frozenset({"idx", "index", "unnamed:_0", "__index_level_0__"})
"""Names of ids that most often number the rows of one file, whatever those are."""
SCORE = (
    "score", "correct", "is_correct", "acc", "accuracy", "exact_match", "em", "passed", "pass",
    "reward", "grade", "f1",
)  # fmt: skip
OUTCOME_TOO = (
    "hit", "won", "win", "ok", "success", "succeeded", "solved", "right", "is_right", "resolved",
    "match", "matched", "matches",
)  # fmt: skip
"""Names of what may say whether an answer is right, and may be a right answer: ``won`` of a match.
Beside a probability only both sides tell, since right answers are the same on both."""
WRONG = (
    "wrong", "incorrect", "error", "miss", "missed", "mistake", "fail", "failed", "failure",
    "hallucinated", "hallucination", "violation",
)  # fmt: skip
"""Names of what says that an answer is not right, where it has two values."""
GRADES = frozenset(SCORE) - {"score"}
"""Names of columns that say whether an answer is right, never how likely a class is."""
GRADED = (
    "rating", "ratings", "stars", "likert", "helpfulness", "quality", "judge", "rouge", "rouge1",
    "rouge2", "rougel", "rougelsum", "bleu", "sacrebleu", "chrf", "meteor", "bertscore",
)  # fmt: skip
"""Names of columns that say how good an answer is. A longer name may say the contrary:
``quality_issues``."""
GRADING = frozenset(GRADED) | {"f1", "accuracy", "acc", "grade", "reward"}
"""Words of which one is in a longer name of such a column: ``judge_score``, ``bleu_4``."""
BESIDE_GRADING = frozenset(
    {"score", "scores", "value", "mean", "avg", "average", "overall", "total", "final", "llm",
     "gpt", "human", "n", "l", "lsum", "1", "2", "3", "4", "precision", "recall", "fmeasure", "f",
     "answer", "response"}
)  # fmt: skip
"""Words that may stand beside them and leave more of it better. Any other word may turn it round,
as in ``quality_issues`` and ``rating_gap``."""
PROBABLE = (
    "y_score", "y_prob", "y_proba", "prob", "proba", "probability", "pred_prob", "risk", "p",
    "predicted_probability", "likelihood", "confidence",
)  # fmt: skip
CONFIDENT = (
    "confidence", "conf", "max_prob", "max_probability", "top1_prob", "top1_probability",
    "prediction_confidence", "pred_confidence", "predicted_confidence", "model_confidence", "msp",
)  # fmt: skip
"""How sure a model is of the prediction beside it."""
LIKELY = frozenset(
    {"prob", "probs", "proba", "probas", "probability", "probabilities", "softmax", "logit",
     "logprob", "logprobs", "likelihood", "risk", "p0", "p1"}
)  # fmt: skip
"""Words in the name of a column that says how likely something is."""
SURE = frozenset(
    {"conf", "confs", "confidence", "confidences", "certainty", "sureness", "msp",
     "maxsoftmax", "maxprob", "maxproba"}
)  # fmt: skip
"""Words in the name of a column that says how sure a model is of its own answer."""
LESS = frozenset(
    {"loss", "losses", "nll", "entropy", "uncertainty", "perplexity", "ppl", "surprisal", "error",
     "errors", "err", "wer", "cer", "ter", "mse", "mae", "rmse", "brier", "distance", "latency",
     "cost", "wrong", "incorrect", "mistake", "mistakes", "logloss", "crossentropy", "xent", "bce",
     "hinge", "kl", "kld", "divergence", "penalty", "residual", "levenshtein", "hamming", "mape",
     "ece", "eer", "fpr", "fnr", "bpb", "errorrate", "miss", "missed", "misses", "mismatch",
     "mismatches"}
)  # fmt: skip
"""Words in the name of a column of which less is better."""
HARMS = frozenset(
    {"hallucination", "hallucinations", "hallucinated", "toxicity", "toxic", "harm", "harmful",
     "violation", "violations", "failure", "failures", "fail", "failed", "hate", "profanity"}
)  # fmt: skip
"""The same where it is a harm, so that the column may also be the probability of one."""
FAULTS = frozenset(
    {"bug", "bugs", "defect", "defects", "issue", "issues", "fault", "faults", "problem",
     "problems", "flaw", "flaws", "complaint", "complaints", "incident", "incidents", "crash",
     "crashes", "crashed", "glitch", "glitches", "typo", "typos", "timeout", "timeouts",
     "exception", "exceptions", "regressions", "infractions", "leak", "leaks", "leaked", "severity",
     "danger", "dangerous", "risk", "risks", "unsafe", "unsolved", "unresolved", "unanswered",
     "unhelpful", "unfaithful", "unsupported", "ungrounded", "unfinished", "invalid", "inaccurate",
     "inaccuracies", "incomplete", "incoherent", "irrelevant", "inconsistent", "offensive",
     "abusive", "insult", "insults", "hateful", "stereotype", "stereotypes", "jailbroken", "delay",
     "downtime", "bad", "worse", "worst", "false", "misclassified", "mislabeled", "mislabelled",
     "missing", "rejected", "rejections", "penalties", "fp", "fn", "falsch", "falsche", "mangel",
     "mängel", "maengel", "verstoß", "verstoss", "verstöße", "beschwerde", "beschwerden", "kosten",
     "verlust", "ungelöst", "schaden", "schäden", "abbruch", "faute", "fautes", "fallo", "fallos",
     "defectos"}
)  # fmt: skip
"""Words in the name of a column of which less most likely is better: not so surely that it is
refused, but enough to ask where a person says the contrary."""
FAULTY = ("error", "hallucin", "halluzin", "toxi", "fehler", "erreur", "mistake")
"""Beginnings of such words: ``errorcount``, ``Fehlerrate``."""
BETTER = frozenset(
    {"correct", "acc", "accuracy", "em", "exact", "passed", "pass", "reward", "f1", "hit", "hits",
     "won", "win", "wins", "success", "successes", "succeeded", "solved", "right", "resolved",
     "match", "matched", "matches", "helpful", "helpfulness", "quality", "rouge", "rouge1",
     "rouge2", "rougel", "rougelsum", "bleu", "sacrebleu", "chrf", "meteor", "bertscore",
     "precision", "recall", "auc", "auroc", "richtig", "korrekt", "gelöst", "bestanden",
     "korrektheit", "genauigkeit"}
)  # fmt: skip
"""Words in the name of a column of which more is better. Of a ``grade`` or ``rating`` less may be,
as of school grades."""
UNLIKE = frozenset(
    {"no", "not", "non", "nicht", "un", "rank", "position", "gap", "drop", "delta", "diff",
     "difference", "regret", "decline", "without", "ohne", "minus", "inverse", "inv"}
)  # fmt: skip
"""Words beside which they say nothing."""
TURNED = frozenset(
    {"no", "not", "non", "without", "free", "pass", "passed", "correct", "neg", "negative", "minus",
     "inverse", "inv", "skill", "similarity", "detection", "detected", "fixed", "fix", "handling",
     "f1", "avoided", "reduction", "reduced", "calibrated"}
)  # fmt: skip
"""Words beside which more is better after all, or may be: ``no_hallucination``, ``1-wer``."""
LOGARITHM = frozenset({"log", "logprob", "logprobs", "logp", "loglik", "loglikelihood"})
"""Words in the name of a column of logarithms of probabilities."""
ANSWER = (
    "answer", "output", "response", "completion", "generation", "generated_text", "generated",
    "model_answer", "model_output", "model_response", "prediction", "pred", "reply",
)  # fmt: skip
"""What a model wrote, beside a score of how good that is."""
BY_CLASS = (
    "probabilities", "probs", "proba", "probas", "prob", "probability", "scores", "p",
)  # fmt: skip
"""A column that has the probability of each class by its name."""
INPUT = (
    "input", "image", "image_path", "img", "img_path", "picture", "photo", "filename", "file_name",
    "file", "file_path", "filepath", "path", "text", "prompt", "question", "sentence",
)  # fmt: skip
MEMBER = (
    "member",
    "model",
    "model_name",
    "model_id",
    "seed",
    "run",
    "run_id",
    "fold",
    "replica",
    "rater",
    "rater_id",
    "annotator",
    "annotator_id",
)
REPEATED = frozenset(
    {"member", "model", "seed", "run", "fold", "replica", "replicate", "repeat", "repetition",
     "rep", "trial", "attempt", "try", "sample", "draw", "rollout", "completion", "generation",
     "bootstrap", "rater", "judge", "annotator", "grader", "evaluator", "reviewer", "labeler",
     "labeller", "coder", "worker", "k"}
)  # fmt: skip
"""Words in the name of a column that tells repeats of one grade apart, over which a mean is
right."""
MEASURED = frozenset(
    {"metric", "metrics", "measure", "criterion", "criteria", "aspect", "dimension", "rubric",
     "facet", "attribute", "task", "subtask", "benchmark", "dataset"}
)  # fmt: skip
"""Words in the name of a column that says what a grade is of."""
STEPS = frozenset({"epoch", "step", "iteration", "iter", "checkpoint", "ckpt", "round", "turn"})
"""Words in the name of a column that counts what a model goes through. Many of them count
something else: ``steps`` of an agent."""
DAYS = frozenset({"date", "day", "week", "month", "year", "timestamp", "datetime"})
NUMBERING = frozenset({"id", "no", "nr", "number", "idx", "index", "name", "key", "type"})
BESIDE_STEPS = frozenset({"global", "train", "training", "eval", "evaluation", "test", "model"})
"""Words that may stand beside these."""


USUAL = {
    "id": ID, "prediction": PREDICTION, "label": LABEL, "score": SCORE, "member": MEMBER,
    "input": INPUT, "answer": ANSWER,
}  # fmt: skip
"""Names by flag."""
MOST_SHOWN = 12


def plain(name: str) -> str:
    """Returns the name in small letters with underscores: ``trueLabel`` is ``true_label``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s\-.]+", "_", spaced).lower()


def says_how_likely(name: str) -> bool:
    """Whether a column is called a probability, of a class or of the model's own answer."""
    words = _words(name)
    return plain(name) in PROBABLE or words[0] == "p" or bool({*words} & (LIKELY | SURE))


def says_how_sure(name: str) -> bool:
    """Whether a column is called the model's confidence in its own answer."""
    words = _words(name)
    return bool({*words} & SURE) or words[0] in ("max", "top1")


def says_less_is_better(name: str) -> bool:
    """Whether a column is called a loss, an error or a doubt."""
    return _says(name, LESS)


def says_harm(name: str) -> bool:
    """Whether a column is called a harm."""
    return _says(name, HARMS)


def says_fault(name: str) -> bool:
    """Whether less of a column most likely is better by its name, as of ``bugs``; with all that is
    called a loss, a harm or wrong."""
    words = {*_words(name)}
    begun = any(word.startswith(FAULTY) for word in words)
    false = "false" in words and "true" not in words  # Also of false negatives.
    turned = bool(words & TURNED) or _words(name)[0] == "1"
    known = bool(words & (LESS | HARMS | FAULTS)) or begun or says_wrong(name)
    return false or (known and not turned)


def says_more_is_better(name: str) -> bool:
    """Whether more of a column is better by its name, as of ``accuracy``."""
    words = {*_words(name)}
    others = LESS | HARMS | FAULTS | UNLIKE
    begun = any(word.startswith(FAULTY) for word in words)
    return bool(words & BETTER) and not words & others and not begun and _words(name)[0] != "1"


def says_grade(name: str) -> bool:
    """Whether a column is called a grade of which more is better, also by a longer name of which
    every word is known."""
    words = {*_words(name)}
    return plain(name) in GRADED or (bool(words & GRADING) and words <= GRADING | BESIDE_GRADING)


def says_wrong(name: str) -> bool:
    """Whether a column is called so that of two values the positive one is a wrong answer."""
    return plain(name).removeprefix("is_") in WRONG


def _says(name: str, words: frozenset[str]) -> bool:
    said = {*_words(name)}
    turned = said & TURNED or _words(name)[0] == "1"
    return bool(said & words) and not turned


def says_repeat(name: str) -> bool:
    """Whether a column is called one that tells repeats of one grade apart."""
    return _is_called(name, REPEATED, NUMBERING)


def says_measured(name: str) -> bool:
    """Whether a column is called one that says what a grade is of."""
    return _is_called(name, MEASURED, NUMBERING | {"eval", "evaluation", "quality"})


def says_step(name: str) -> bool:
    """Whether a column is called one that counts steps."""
    return _is_called(name, STEPS, NUMBERING | BESIDE_STEPS)


def says_when(name: str) -> bool:
    """Whether a word in a column's name is one of days."""
    return bool({*_words(name)} & DAYS)


def _is_called(name: str, words: frozenset[str], beside: frozenset[str]) -> bool:
    """Whether one of the words is in a name of which every other is known."""
    said = {*_words(name)}
    return bool(said & words) and said <= words | beside


def says_logarithm(name: str) -> bool:
    """Whether a column is called the logarithm of a probability."""
    return bool({*_words(name)} & LOGARITHM)


def _words(name: str) -> list[str]:
    return plain(name).strip("_").split("_")


def those_called(usual: Iterable[str], columns: Iterable[str]) -> list[str]:
    """Returns the columns that have one of these names, the likeliest first."""
    found: dict[str, str] = {}
    for column in columns:
        found.setdefault(plain(column), column)
    return [found[name] for name in usual if name in found]


def has_columns(names: Sequence[str]) -> str:
    """Says what a table has."""
    more = " …" if len(names) > MOST_SHOWN else ""
    return "it has " + ", ".join(repr(name) for name in names[:MOST_SHOWN]) + more


def flag_of(flag: str, *names: str) -> str:
    """A flag with its value, to copy to a shell."""
    return f"--{flag} {shlex.quote(','.join(names))}"
