"""What a refusal suggests is pasted, and a worse model never passes by it.

Each shape is a table as people export it, once of a model and once of one that loses 10 points or
more. A gate is asked without any flag; whatever it says to type is typed, until a verdict or a
choice that is left to a person.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from records.formats.pasted.asking import pasted, reading
from records.formats.pasted.tables import (
    BRIGHT,
    IDS,
    NAMES,
    Rows,
    World,
    both_marked,
    logits,
    marks,
    of_two,
    per_cent,
    prices,
    probabilities,
    runs,
    stars,
    two_tasks,
    world,
)
from undertow.audit.gate.policy import Policy
from undertow.errors import UserError
from undertow.files import Request, gate_files

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


SHAPES: dict[str, tuple[Callable[[World], Rows], str]] = {
    "predict_proba": (probabilities(), "--id image --label truth"),
    "predict_proba, other words before": (
        probabilities("Wkt_", label="Wahrheit"),
        "--id image --label Wahrheit",
    ),
    "scores after": (probabilities(after="_score"), "--id image --label truth"),
    "by score": (probabilities("score_"), "--id image --label truth"),
    "numbered": (
        lambda w: {
            "image": IDS,
            **{f"softmax_{c}": w.p[:, c] for c in range(3)},
            "truth": NAMES[w.right],
        },
        "--id image --label truth",
    ),
    "no names": (
        lambda w: {"image": IDS, **dict(zip("abc", w.p.T, strict=True)), "truth": NAMES[w.right]},
        "--id image --label truth",
    ),
    "per cent": (per_cent, "--id image --label truth"),
    "index of pandas": (probabilities(key="", label="y_true"), "--id index --label y_true"),
    "two, numbered": (of_two("0", "1", [0, 1]), "--id uid --label y"),
    "two, in words": (of_two("ham", "spam", ["ham", "spam"]), "--id uid --label y"),
    "two, no and yes": (of_two("no", "yes", [0, 1]), "--id uid --score yes --label y"),
    "two, label unknown": (
        of_two("neg", "pos", ["neg", "pos"], "sentiment"),
        "--id uid --label sentiment",
    ),
    "stars": (stars, "--id review --prediction pred_stars --label stars"),
    "brightness": (
        lambda w: {
            "image": IDS,
            "brightness": BRIGHT,
            "net_out": NAMES[w.said],
            "species": NAMES[w.right],
        },
        "--id image --prediction net_out --label species",
    ),
    **{
        f"outcome {name}": (
            lambda w, name=name: {"qid": IDS, "confidence": (w.p.max(axis=1)), name: w.hit},
            f"--id qid --score {name}",
        )
        for name in ("hit", "won", "ok", "is_correct")
    },
    **{
        f"outcome {name}": (
            lambda w, name=name: {"qid": IDS, "topic": BRIGHT > 0.5, name: 1 - w.hit},
            f"--id qid --score {name} --scale 1,0",
        )
        for name in ("miss", "hallucinated", "is_wrong", "error", "Failed")
    },
    **{
        f"{name} alone": (
            lambda w, name=name: {"qid": IDS, name: (1 - w.hit) * (1 + (BRIGHT > 0.5))},
            "--id qid --prediction COLUMN",
        )
        for name in (
            "quality_issues",
            "judge_disagreements",
            "bleu_errors",
            "rating_gap",
            "stars_off",
        )
    },
    **{
        f"grade {name}": (
            lambda w, name=name: {"qid": IDS, "topic": NAMES[w.right], name: 0.2 + 0.6 * w.hit},
            f"--id qid --score '{name}'" if " " in name else f"--id qid --score {name}",
        )
        for name in ("judge_score", "rouge_l", "bleu_4", "f1_score", "rougeL", "BLEU score")
    },
    **{
        f"open {name}": (
            lambda w, name=name: {"qid": IDS, name: 0.2 + 0.6 * (1 - w.hit)},
            "--id qid --prediction COLUMN",
        )
        for name in (
            "judge_penalty",
            "toxicity_score",
            "score_rank",
            "gpt_score",
            "rating_loss",
            "quality_defects",
            "bleu_error",
        )
    },
    "two judges": (
        lambda w: {"qid": IDS, "judge_1": 0.2 + 0.6 * w.hit, "judge_2": 0.3 + 0.5 * w.hit},
        "--id qid --score COLUMN",
    ),
    "two graders": (
        lambda w: {
            "qid": IDS,
            "helpfulness": (0.4 + 0.2 * np.roll(w.hit, 1)),
            "harmlessness": 0.2 + 0.6 * w.hit,
        },
        "--id qid --score COLUMN",
    ),
    **{
        f"two tasks, {names[0]}": (two_tasks(*names), "--id doc --prediction COLUMN --label COLUMN")
        for names in (
            ("gold_mood", "pred_mood", "gold_topic", "pred_topic"),
            ("mood", "mood_pred", "topic", "topic_pred"),
            ("mood_true", "mood_hat", "topic_true", "topic_hat"),
            ("y_true", "y_pred", "y_true_topic", "y_pred_topic"),
        )
    },
    "several tags": (
        lambda w: {
            "doc": IDS,
            "tag_a": (w.right == 0).astype(int),
            "tag_b": (w.right < 2).astype(int),
            "tag_a_pred": (w.said == 0).astype(int),
            "tag_b_pred": (w.said < 2).astype(int),
        },
        "--id doc --prediction COLUMN --label COLUMN",
    ),
    **{
        f"one-hot on both sides, {right}": (both_marked(right, said, names), "--id image")
        for right, said, names in (("gold_", "pred_", NAMES), ("true_", "pred_", range(3)))
    },
    **{
        f"words {no}": (
            lambda w, no=no, yes=yes: {"qid": IDS, "result": np.where(w.hit, yes, no)},
            "--id qid --prediction COLUMN",
        )
        for no, yes in (("non", "oui"), ("falsch", "richtig"), ("F", "A"))
    },
    "logits, numbered": (
        logits("out0", "out1", "out2", label=[0, 1, 2]),
        "--id image --label truth",
    ),
    "logits, of words": (logits("z_cat", "z_dog", "z_owl"), "--id image --label truth"),
    "logits, numbered beside words": (logits("l1", "l2", "l3"), "--id image --label truth"),
    "one-hot": (marks(1, 0), "--id image --label truth"),
    "one-hot, true and false": (marks("True", "False", "is_"), "--id image --label truth"),
    "whole prices": (prices, "--id house --score correct"),
    "runs": (runs, "--id uid --prediction 'run*' --label answer"),
    "one of p": (
        lambda w: {
            "id": IDS,
            "p_toxic": of_two("n", "y", [0, 1], "z")(w)["y"],
            "is_toxic": (w.right == 0),
        },
        "--id id --score p_toxic --label is_toxic",
    ),
    "what people said": (
        lambda w: {
            "image": IDS,
            "cat": world(worse=False).p[:, 0],
            "dog": world(worse=False).p[:, 1],
            "owl": world(worse=False).p[:, 2],
            "net_out": NAMES[w.said],
            "species": NAMES[w.right],
        },
        "--id image --prediction net_out --label species",
    ),
    "what people said, called a prediction": (
        lambda w: {
            "qid": IDS,
            "answer": np.roll(NAMES[w.right], 1),
            "net_out": NAMES[w.said],
            "class": NAMES[w.right],
        },
        "--id qid --prediction net_out --label class",
    ),
    "quality of the picture": (
        lambda w: {"image": IDS, "quality": BRIGHT, "net": (w.said == 0), "flag": (w.right == 0)},
        "--id image --prediction COLUMN --label COLUMN",
    ),
    "open": (
        lambda w: {"image": IDS, "shade": BRIGHT, "flag": (w.right == 0), "net": (w.said == 0)},
        "--id image --prediction COLUMN --label COLUMN",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_worse_model_never_passes_by_what_is_suggested(shape: str, policy: Policy) -> None:
    made, wanted = SHAPES[shape]
    files, flags = ["old.csv", "new.csv"], ""
    for name, worse in zip(files, (False, True), strict=True):
        pl.DataFrame({k: list(v) for k, v in made(world(worse=worse)).items()}).write_csv(name)
    for _ in range(5):
        request = Request([Path(files[0])], [[Path(files[1])]], reading(flags))
        try:
            verdict = gate_files(request, policy).verdict
        except UserError as error:
            said = str(error)
            before = flags, files
            flags, files = pasted(said, flags, files)
            if "COLUMN" in flags:
                break
            assert (flags, files) != before, said
        else:
            # Names that answers told have to be looked into, but a loss is one under any names.
            assert verdict == "fail"
            break
    assert flags == wanted


def test_what_nothing_tells_is_asked_for(policy: Policy) -> None:
    made, _ = SHAPES["open"]
    for name, worse in (("old.csv", False), ("new.csv", True)):
        pl.DataFrame({k: list(v) for k, v in made(world(worse=worse)).items()}).write_csv(name)
    with pytest.raises(UserError) as caught:
        gate_files(Request([Path("old.csv")], [[Path("new.csv")]]), policy)
    assert str(caught.value) == (
        "old.csv: has no column 'example_id'; it has 'image', 'shade', 'flag', 'net'; name its "
        "columns with --id image --prediction COLUMN --label COLUMN, or, where right answers are in "
        "a file of their own, --labels FILE in place of --label, where only you know which COLUMN "
        "is, of 'shade', 'flag', 'net'; a score or a probability goes with --score COLUMN in place "
        "of --prediction COLUMN"
    )
