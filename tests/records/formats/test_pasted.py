"""What a refusal suggests is pasted, and a worse model never passes by it.

Each shape is a table as people export it, once of a model and once of one that loses 10 points or
more. A gate is asked without any flag; whatever it says to type is typed, until a verdict or a
choice that is left to a person.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

import suggested
from undertow.audit.gate.policy import Policy, read_policy
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy

N = 1000
NAMES = np.array(["cat", "dog", "owl"])
Rows = dict[str, Any]


class World(NamedTuple):
    """Right answers, and those of one side with the probabilities of three classes."""

    right: np.ndarray
    said: np.ndarray
    p: np.ndarray

    @property
    def hit(self) -> np.ndarray:
        return (self.right == self.said).astype(int)


def world(*, worse: bool) -> World:
    draw = np.random.default_rng(7)
    right = draw.integers(0, 3, N)
    wrong = draw.random(N) < 0.12
    lost = draw.random(N) < 0.15
    said = np.where(wrong | (lost & worse), (right + 1) % 3, right)
    p = draw.dirichlet(np.ones(3), N) * 0.4
    p[np.arange(N), said] += 0.6
    return World(right, said, p.round(5))


IDS = [f"img_{n:04d}" for n in np.random.default_rng(1).permutation(N)]
BRIGHT = np.random.default_rng(2).random(N).round(3)


def probabilities(before: str = "", after: str = "", label: str = "truth", key: str = "image"):
    def rows(w: World) -> Rows:
        cells = {f"{before}{name}{after}": w.p[:, c] for c, name in enumerate(NAMES)}
        return {key: IDS, **cells, label: NAMES[w.right]}

    return rows


def of_two(no: str, yes: str, label: list[Any], called: str = "y") -> Callable[[World], Rows]:
    def rows(w: World) -> Rows:
        sick = (w.right == 0).astype(int)
        p = np.where(w.hit == 1, 0.55 + 0.4 * BRIGHT, 0.45 - 0.4 * BRIGHT)
        yes_N = np.where(sick == 1, p, 1 - p).round(4)
        return {"uid": IDS, no: (1 - yes_N).round(4), yes: yes_N, called: np.array(label)[sick]}

    return rows


def per_cent(w: World) -> Rows:
    return {**probabilities()(w), **{n: 100 * w.p[:, c] for c, n in enumerate(NAMES)}}


def prices(w: World) -> Rows:
    right = (200_000 + 100_000 * np.random.default_rng(3).random(N)).astype(int)
    off = np.where(w.hit == 1, 500, 40_000) + (200 * BRIGHT).astype(int)
    return {"house": IDS, "prediction": right + off, "label": right}


def runs(w: World) -> Rows:
    draw = np.random.default_rng(4)
    rows = {"uid": IDS, "answer": NAMES[w.right], "city": draw.choice(["Lund", "Kiel"], N)}
    for k in range(3):
        moved = draw.random(N) < 0.03
        rows[f"run{k}"] = NAMES[np.where(moved, (w.said + 1) % 3, w.said)]
    return rows


def stars(w: World) -> Rows:
    return {"review": IDS, "pred_stars": w.said + 3, "stars": w.right + 3}


def logits(*names: str, label: Any = None) -> Callable[[World], Rows]:
    """One number for each class, without any scale; ``label`` are the values of right answers."""

    def rows(w: World) -> Rows:
        cells = {name: (np.log(w.p[:, c] + 1e-6) * 3 + 4).round(4) for c, name in enumerate(names)}
        return {
            "image": IDS,
            **cells,
            "truth": np.array(NAMES if label is None else label)[w.right],
        }

    return rows


def marks(yes: Any, no: Any, before: str = "") -> Callable[[World], Rows]:
    """Predictions of which each is a 1, or true, among zeros."""

    def rows(w: World) -> Rows:
        cells = {f"{before}{n}": np.where(w.said == c, yes, no) for c, n in enumerate(NAMES)}
        return {"image": IDS, **cells, "truth": NAMES[w.right]}

    return rows


def both_marked(right: str, said: str, names: Iterable[Any]) -> Callable[[World], Rows]:
    """The same of right answers too."""

    def rows(w: World) -> Rows:
        parts = ((right, w.right), (said, w.said))
        cells = {f"{b}{n}": (k == c).astype(int) for b, k in parts for c, n in enumerate(names)}
        return {"image": IDS, **cells}

    return rows


def two_tasks(*names: str) -> Callable[[World], Rows]:
    """Right answer and prediction of two tasks, of which the second gets worse."""

    def rows(w: World) -> Rows:
        moods, right = np.array(["pos", "neg"]), (BRIGHT > 0.5).astype(int)
        slip = (right + (np.arange(N) % (11 if w.hit.mean() < 0.8 else 13) == 0)) % 2
        values = (moods[right], moods[slip], NAMES[w.right], NAMES[w.said])
        return {"doc": IDS, **dict(zip(names, values, strict=True))}

    return rows


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


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Policy:
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text("[[max_drop]]\npoints = 1.0\n")
    return read_policy(Path("gate.toml"))


FLAGS = r"((?:--[a-z]+ (?:'[^']*'|[^\s,;:]+(?:,[^\s,;:]+)*) ?)+)"


def reading(flags: str) -> Reading:
    words = shlex.split(flags)
    return Reading(**dict(zip((w[2:] for w in words[::2]), words[1::2], strict=True)))  # type: ignore[arg-type]


def pasted(said: str, flags: str, files: list[str]) -> tuple[str, list[str]]:
    """The flags and files after what was ``said`` is done."""
    for command in re.findall(r"python -c '[^']*'", said):
        suggested.do(command)
        to = re.search(r'\.write_csv\("([^"]+)"', command)
        assert to is not None
        files = [to[1] if to[1].startswith(Path(f).stem + "-") else f for f in files]
    named = re.search(rf"name its columns with {FLAGS}", said)
    if named is not None:
        return named[1].strip(), files
    if "give --score correct" in said:
        flags = " ".join(part for part in (flags, "--score correct"))
    return flags, files


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


def write(made: Callable[[World], Rows]) -> list[str]:
    """The tables of a model and of a worse one."""
    for name, worse in (("old.csv", False), ("new.csv", True)):
        pl.DataFrame({k: list(v) for k, v in made(world(worse=worse)).items()}).write_csv(name)
    return ["old.csv", "new.csv"]


def asked(policy: Policy, **given: Any) -> str:
    """What a gate of the two tables says: its verdict, or what it refuses."""
    by, format = given.pop("by", ()), given.pop("format", None)
    request = Request([Path("old.csv")], [[Path("new.csv")]], Reading(**given), format)
    request = replace(request, settings=Settings(by=by))
    try:
        return gate_files(request, policy).verdict
    except UserError as error:
        return str(error)


@pytest.mark.parametrize("name", ["grade", "score", "reward"])
@pytest.mark.parametrize(("best", "worst"), [(1, 6), (5, 1), (10, 0)])
def test_a_person_says_which_end_of_a_scale_is_the_best(
    name: str, best: int, worst: int, policy: Policy
) -> None:
    off = 1 if worst > best else -1
    write(lambda w: {"qid": IDS, name: np.where(w.hit, best, worst - off * (BRIGHT > 0.5))})
    given = pasted(asked(policy), "", [])[0]
    named = "" if name == "score" else f" --score {name}"
    assert given == f"--id qid{named}"
    said = asked(policy, id="qid", score=name)
    assert said.endswith(
        "expected 0 for the worst answer and 1 for the best; add --scale WORST,BEST with the ends of "
        "its scale, which only you know: the number of the worst answer, then that of the best (6,1 "
        "where 1 is the best grade, 1,6 where 6 is)"
    )
    assert asked(policy, id="qid", score=name, scale=(worst, best)) == "fail"
    assert asked(policy, id="qid", score=name, scale=(best, worst)) == "cannot tell"


ARGMAX = (
    'python -c \'import polars as pl; pl.read_csv("{0}.csv", infer_schema=False).with_columns('
    'pl.concat_list(pl.col("out0", "out1", "out2").cast(float)).list.arg_max().replace_strict('
    'dict(enumerate(["0", "1", "2"]))).alias("prediction")).select(pl.exclude("out0", "out1", '
    '"out2")).write_csv("{0}-answers.csv")\''
)


@pytest.mark.parametrize(
    "given",
    [
        {"score": "out0,out1,out2"},
        {"score": "out1"},
        {"prediction": ("out1",)},
        {"prediction": ("out*",)},
        {"prediction": ("out0,out1,out2",)},
    ],
)
def test_one_logit_of_several_is_no_score_and_no_answer(
    given: dict[str, Any], policy: Policy
) -> None:
    write(logits("out0", "out1", "out2", label=[0, 1, 2]))
    (flag,) = given
    assert asked(policy, id="image", label="truth", **given) == (
        "old.csv: 'out0', 'out1' and the like look like the logits of the classes, of which the "
        "largest is the answer: write it as a column 'prediction', and leave "
        f"--{flag} out: {ARGMAX.format('old')} && {ARGMAX.format('new')}, and give "
        "old-answers.csv for old.csv, new-answers.csv for new.csv"
    )


def test_a_threshold_says_how_one_of_two_logits_is_read(policy: Policy) -> None:
    rows = of_two("logit_0", "logit_1", [0, 1])
    write(
        lambda w: (
            {k: np.array(v) * (4 if "logit" in k else 1) for k, v in rows(w).items() if k != "uid"}
            | {"uid": IDS}
        )
    )
    assert "look like the logits of the classes" in asked(
        policy, id="uid", score="logit_1", label="y"
    )
    assert asked(policy, id="uid", score="logit_1", label="y", threshold=2) == "fail"


def test_numbers_that_are_no_answer_are_not_suggested_as_one(policy: Policy) -> None:
    """Three features beside three classes are not its logits."""
    draw = np.random.default_rng(6)
    write(
        lambda w: {
            "image": IDS,
            **{f"x{c}": draw.normal(0, 3, N) for c in range(3)},
            "truth": w.right,
        }
    )
    assert "--prediction COLUMN --label truth" in asked(policy)
    write(
        lambda w: {"image": IDS, **{n: NAMES[w.right] == n for n in NAMES}, "truth": NAMES[w.right]}
    )
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'image', 'cat', 'dog', 'owl', 'truth'; 'cat' "
        "and the like are the same in all files, so they are no answers of a model; name the column "
        "of those with --prediction COLUMN"
    )


def test_files_may_call_their_predictions_differently(policy: Policy) -> None:
    write(lambda w: {"image": IDS, "yhat": NAMES[w.said], "truth": NAMES[w.right]})
    pl.read_csv("new.csv").rename({"yhat": "output"}).write_csv("new.csv")
    said = asked(policy, id="image", label="truth", prediction="yhat")
    assert said == (
        "--prediction yhat: new.csv has no such column; it has 'image', 'output', 'truth'; where "
        "files have different names give both: --prediction yhat,output"
    )
    assert asked(policy, id="image", label="truth", prediction="yhat,output") == "fail"


def test_a_gain_may_be_a_loss_of_which_less_is_better(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "score": 1 - w.hit})
    for scale, way in ((None, "add --scale 1,0"), ((0, 1), "exchange the ends of --scale")):
        given = Reading(id="qid", scale=scale)  # type: ignore[arg-type]
        found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], given), policy)
        assert found.verdict == "cannot tell"
        assert (
            "more than is plausible: look for leaked answers, another prompt or another filter, ask "
            f"whether less of the score is better ({way} then), or write max_gain = 12 at the top "
            "of the policy."
        ) in found.reason


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


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("quality_issues", 1, ", and with --scale 1,0 too if less of it is better"),
        ("judge_disagreements", 3, ", and with --scale WORST,BEST too"),
        (
            "toxic",
            1,
            "; of 'toxic' less is better, as its name has it, so as a score it goes with --score "
            "toxic --scale 1,0",
        ),
        (
            "num_errors",
            3,
            "; of 'num_errors' less is better, as its name has it, so as a score it goes with "
            "--score num_errors --scale WORST,BEST",
        ),
    ],
)
def test_the_only_outcome_is_named_with_how_it_is_turned(
    name: str, count: int, said: str, policy: Policy
) -> None:
    write(lambda w: {"qid": IDS, name: count * (1 - w.hit)})
    assert asked(policy) == (
        f"old.csv: has no column 'example_id'; it has 'qid', {name!r}; name its columns with --id "
        f"qid --prediction COLUMN, where only you know whether COLUMN is {name!r}; a score or a "
        f"probability goes with --score COLUMN in place of --prediction COLUMN{said}"
    )
    assert asked(policy, id="qid", score=name, scale=(count, 0)) == "fail"


def test_probabilities_in_json_are_called_after_their_classes(policy: Policy) -> None:
    for name, worse in (("old.jsonl", False), ("new.jsonl", True)):
        w = world(worse=worse)
        rows = [
            {"uid": i, "label": y, **dict(zip(NAMES.tolist(), p, strict=True))}
            for i, y, p in zip(IDS, NAMES[w.right].tolist(), w.p.tolist(), strict=True)
        ]
        Path(name).write_text("\n".join(map(json.dumps, rows)))
    request = Request([Path("old.jsonl")], [[Path("new.jsonl")]])
    with pytest.raises(UserError) as caught:
        gate_files(request, policy)
    assert str(caught.value) == (
        "old.jsonl: has no column 'example_id'; it has 'uid', 'label', 'cat', 'dog', 'owl'; name "
        "its columns with --id uid"
    )
    given = Request(request.reference, request.against, Reading(id="uid"))
    assert gate_files(given, policy).verdict == "fail"


def test_what_is_the_same_on_both_sides_is_no_answer_of_a_model(policy: Policy) -> None:
    w = world(worse=False)
    for name in ("old.csv", "new.csv"):
        pl.DataFrame(
            {"image": IDS, "a": w.p[:, 0], "b": w.p[:, 1], "c": w.p[:, 2], "note": [name] * N}
        ).write_csv(name)
    with pytest.raises(UserError) as caught:
        gate_files(Request([Path("old.csv")], [[Path("new.csv")]]), policy)
    assert str(caught.value) == (
        "old.csv: has no column 'example_id'; it has 'image', 'a', 'b', 'c', 'note'; 'a', 'b' and "
        "the like sum to 1 in every row, but are the same in all files, so they are no answers of "
        "a model; name its columns with --id image --prediction COLUMN --label COLUMN"
    )


def test_outcomes_that_were_named_as_labels_are_never_left_out(policy: Policy) -> None:
    for name, worse in (("old.csv", False), ("new.csv", True)):
        w = world(worse=worse)
        rows = {"qid": IDS, "confidence": w.p.max(axis=1) - 0.4, "hit": w.hit}
        pl.DataFrame(rows).write_csv(name)
    for allow in (False, True):
        asked = Reading(id="qid", score="confidence", label="hit", allow_partial=allow)
        found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], asked), policy)
        assert found.verdict == "not comparable"
        assert "--allow-partial" not in found.reason
        assert found.reason.endswith(
            "; right answers are the same for both models, so correct the data; if they say whether "
            "an answer is right, which each model has its own of, give that column with --score in "
            "place of --label."
        )


def of_one_of_two(words: tuple[str, str]) -> Callable[[World], Rows]:
    """The probability of the second of two words, in a column called a score."""

    def rows(w: World) -> Rows:
        cells = of_two("no", "score", [*words], "status")(w)
        return {name: cells[name] for name in ("uid", "score", "status")}

    return rows


@pytest.mark.parametrize(
    "words", [("paid", "default"), ("benign", "malignant"), ("kept", "returned"), ("bad", "good")]
)
def test_a_score_beside_two_words_is_no_grade_until_that_is_said(
    words: tuple[str, str], policy: Policy
) -> None:
    """The positive class is that of the higher scores."""
    write(of_one_of_two(words))
    assert pasted(asked(policy), "", [])[0] == "--id uid"
    first, second = sorted(words)
    assert asked(policy, id="uid") == (
        f"old.csv: 'status' is '{first}', '{second}', so it may be the right answers, and the scores "
        "the probability of one of two, of which more is not better; if so, add --label status "
        f"--positive {words[1]}; if 'status' says what an example is, and the scores how good an "
        "answer is, add --by status"
    )
    assert asked(policy, id="uid", label="status", positive=words[1]) == "fail"
    assert asked(policy, id="uid", label="status", positive=words[0]) != "pass"
    assert asked(policy, id="uid", by=("status",)) != "pass"


def test_of_several_columns_of_two_values_only_the_person_knows_the_label(policy: Policy) -> None:
    made = of_two("no", "score", [0, 1], "late")
    write(lambda w: {"city": np.where(BRIGHT > 0.5, "Lund", "Kiel")} | made(w))
    for name in ("old.csv", "new.csv"):
        pl.read_csv(name).drop("no").write_csv(name)
    assert asked(policy, id="uid", score="score") == (
        "old.csv: 'city', 'late' have two values, so one of them may be the right answers, and the "
        "scores the probability of one of two, of which more is not better; if so, add --label COLUMN, "
        "where only you know whether COLUMN is 'city' or 'late'; if all of them say what an example "
        "is, and the scores how good an answer is, add --by city late"
    )
    assert asked(policy, id="uid", score="score", label="late") == "fail"
    assert asked(policy, id="uid", score="score", by=("city", "late")) != "pass"
    assert "'late' is '0', '1'" in asked(policy, id="uid", score="score", by=("city",))


def called(name: str, factor: int = 1) -> Callable[[World], Rows]:
    """The probability that a part is good, under another name."""

    def rows(w: World) -> Rows:
        cells = of_two("no", "yes", ["bad", "good"], "state")(w)
        return {"uid": IDS, name: (factor * cells["yes"]).round(2), "state": cells["state"]}

    return rows


ADDED = re.compile(r"(?:leave ([^;]*?) out and )?add ((?:--[a-z]+ [^\s;,]+ ?)+)")


def ways_on(said: str, given: Rows) -> list[Rows]:
    """What a command becomes with each of the ways that a refusal names."""
    made = []
    for out, more in ADDED.findall(said):
        words = shlex.split(more)
        flags: Rows = dict(zip((w[2:] for w in words[::2]), words[1::2], strict=True))
        flags |= {"threshold": float(flags["threshold"])} if "threshold" in flags else {}
        flags |= {"by": (flags["by"],)} if "by" in flags else {}
        left = {k: v for k, v in given.items() if f"--{k}" not in out}
        made.append(left | flags)
    return made


@pytest.mark.parametrize("name", ["quality", "grade", "rating", "reward", "f1", "accuracy", "fit"])
@pytest.mark.parametrize(
    "given", [{}, {"format": "graded table"}, {"scale": (0, 1)}, {"scale": (0, 100)}]
)
def test_what_sounds_like_a_grade_is_asked_too(name: str, given: Rows, policy: Policy) -> None:
    """Neither way passes a worse model; both are complete commands."""
    write(called(name, 100 if given == {"scale": (0, 100)} else 1))
    first = {"id": "uid", "score": name, **given}
    leave = {"format": "leave --format out and ", "scale": "leave --scale out and "}
    cut = " --threshold 50" if given == {"scale": (0, 100)} else ""
    said = asked(policy, **first)
    assert said == (
        "old.csv: 'state' is 'bad', 'good', so it may be the right answers, and the scores the "
        "probability of one of two, of which more is not better; if so, "
        f"{leave.get(next(iter(given), ''), '')}add --label state --positive good{cut}; if 'state' "
        "says what an example is, and the scores how good an answer is, add --by state"
    )
    ways = ways_on(said, first)
    assert len(ways) == 2
    for way, verdicts in zip(ways, ({"fail"}, {"fail", "cannot tell"}), strict=True):
        assert asked(policy, **way) in verdicts, way


def test_a_label_that_is_only_shown_beside_grades_is_asked_about(policy: Policy) -> None:
    write(called("quality"))
    given = {"id": "uid", "score": "quality", "label": "state"}
    said = asked(policy, **given, format="graded table")
    assert said == (
        "old.csv: 'state' is 'bad', 'good', so it may be the right answers, and the scores the "
        "probability of one of two, of which more is not better; if so, leave --format out and add "
        "--positive good; if 'state' says what an example is, and the scores how good an answer is, "
        "leave --label out and add --by state"
    )
    assert asked(policy, **given, positive="good") == "fail"


def graded_by(old: float, new: float, share: float) -> None:
    """Grades of answers in two languages, one of which is harder by ``share``."""
    draw = np.random.default_rng(9)
    lang = draw.choice(["en", "de"], N)
    base = draw.beta(4, 2, N) * np.where(lang == "de", 1 - share, 1)
    for name, off in (("old.csv", old), ("new.csv", new)):
        grade = np.clip(base + off + draw.normal(0, 0.03, N), 0, 1).round(4)
        pl.DataFrame({"qid": IDS, "quality": grade, "lang": lang}).write_csv(name)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_grades_beside_slices_pass_with_the_slice_that_was_suggested(
    share: float, policy: Policy
) -> None:
    graded_by(0, 0, share)
    first = {"id": "qid", "score": "quality"}
    (_, by) = ways_on(asked(policy, **first), first)
    assert by == {**first, "by": ("lang",)}
    assert asked(policy, **by) == "pass"
    graded_by(0, -0.1, share)
    assert asked(policy, **by) == "fail"


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_slice_that_is_named_as_the_label_passes_no_worse_grades(
    share: float, policy: Policy
) -> None:
    """At chance where it tells nothing of the slice; else the grades fell beside either value."""
    graded_by(0, -0.03, share)
    for positive in ("de", "en"):
        given = {"id": "qid", "score": "quality", "label": "lang", "positive": positive}
        assert asked(policy, **given) != "pass"


def test_what_differs_between_the_sides_is_what_a_model_made_and_is_not_asked(
    policy: Policy,
) -> None:
    graded_by(0, 0, 0)
    for seed, name in enumerate(("old.csv", "new.csv")):
        made = np.random.default_rng(seed).choice(["a", "b"], N)
        pl.read_csv(name).drop("lang").with_columns(made=pl.Series(made)).write_csv(name)
    assert asked(policy, id="qid", score="quality") == "pass"


@pytest.mark.parametrize("grades", [[0, 1], [1, 2, 3, 4, 5]])
def test_grades_of_few_levels_are_not_asked(grades: list[int], policy: Policy) -> None:
    draw = np.random.default_rng(3)
    for name in ("old.csv", "new.csv"):
        rows = {"qid": IDS, "rating": draw.permutation(np.resize(grades, N))}
        lang = np.random.default_rng(5).choice(["en", "de"], N)
        pl.DataFrame({**rows, "lang": lang}).write_csv(name)
    scale = {"scale": (1, 5)} if len(grades) > 2 else {}
    assert asked(policy, id="qid", score="rating", **scale) == "cannot tell"


def test_the_probability_of_one_class_is_named_with_the_label_that_has_it(policy: Policy) -> None:
    write(
        lambda w: {
            k: v
            for k, v in of_two("n", "p_default", ["paid", "default"], "outcome")(w).items()
            if k != "n"
        }
    )
    flags = "--score p_default --label outcome --positive default"
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'uid', 'p_default', 'outcome'; name its columns "
        f"with --id uid {flags}"
    )
    assert asked(policy, id="uid") == (
        "old.csv: 'p_default' is the only column p_<class>, so it is the probability of one of two "
        f"classes; name both columns with {flags}"
    )
    assert asked(policy, id="uid", score="p_default") == (
        "old.csv: column 'p_default' is called a probability, and there is no label of two values "
        "beside it, so it would be read as a grade, by which a surer model is a better one; name the "
        "right answers with --label outcome --positive default, or, if 'p_default' says how good an "
        "answer is, add --format 'graded table'"
    )
    given = {"score": "p_default", "label": "outcome", "positive": "default"}
    assert asked(policy, id="uid", **given) == "fail"


def test_what_may_be_the_label_of_a_probability_is_listed(policy: Policy) -> None:
    made = of_two("n", "risk", ["healthy", "ill"], "diagnosis")
    write(
        lambda w: {
            **{k: v for k, v in made(w).items() if k != "n"},
            "sex": np.where(BRIGHT > 0.4, "f", "m"),
            "ward": NAMES[np.arange(N) % 3],
        }
    )
    apart = "or, where right answers are in a file of their own, --labels FILE in place of --label"
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'uid', 'risk', 'diagnosis', 'sex', 'ward'; name "
        f"its columns with --id uid --score risk --label COLUMN, {apart}, where only you know which "
        "COLUMN is, of 'diagnosis', 'sex'"
    )
    assert (
        f"--label COLUMN, {apart}, where only you know which COLUMN is, of 'diagnosis', 'sex'"
        in (asked(policy, id="uid", score="risk"))
    )


@pytest.mark.parametrize("beside", [{"lang": "de"}, {"answer": "yes"}])
def test_grades_beside_no_two_values_or_beside_answers_are_read(
    beside: dict[str, str], policy: Policy
) -> None:
    write(
        lambda w: (
            {"qid": IDS, "score": 0.5 * w.hit, "topic": (BRIGHT > 0.5)}
            | {k: [v] * N for k, v in beside.items()}
        )
    )
    if "lang" in beside:
        for name in ("old.csv", "new.csv"):
            pl.read_csv(name).drop("topic").write_csv(name)
    assert asked(policy, id="qid") == "fail"


def moved_once(column: str) -> None:
    """The new table is the old one, but for one gain and one loss."""
    old = pl.read_csv("old.csv")
    values = old[column].to_list()
    other = next(k for k, value in enumerate(values) if value != values[0])
    values[0], values[other] = values[other], values[0]
    old.with_columns(pl.Series(column, values)).write_csv("new.csv")


@pytest.mark.parametrize("name", ["judge_score", "rouge_l", "bleu_4"])
def test_grades_under_longer_names_pass_where_nothing_is_lost(name: str, policy: Policy) -> None:
    write(lambda w: {"qid": IDS, name: 0.2 + 0.6 * w.hit})
    assert asked(policy, id="qid", score=name) == "fail"
    moved_once(name)
    assert asked(policy, id="qid", score=name) == "pass"


@pytest.mark.parametrize(
    ("no", "yes"),
    [("nicht bestanden", "bestanden"), ("non", "oui"), ("falsch", "richtig"), ("Ja", "Nein")],
)
def test_a_person_says_which_of_two_words_is_right(no: str, yes: str, policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "result": np.where(w.hit, yes, no)})
    first, second = sorted((no, yes))
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'qid', 'result'; name its columns with --id qid "
        "--prediction COLUMN, where only you know whether COLUMN is 'result'; a score or a "
        "probability goes with --score COLUMN in place of --prediction COLUMN, and with --scale "
        "WORST,BEST too"
    )
    assert asked(policy, id="qid", score="result") == (
        f"old.csv: column 'result' holds two words, {first!r} and {second!r}, and nothing says which "
        "of them is the better; add --scale WORST,BEST, which only you know: the word of a wrong "
        "answer, then that of a right one, as the file writes them"
    )
    assert asked(policy, id="qid", score="result", scale=f"{no},{yes}") == "fail"
    assert asked(policy, id="qid", score="result", scale=(yes.upper(), no)) == "cannot tell"
    assert asked(policy, id="qid", score="result", scale="vrai,faux") == (
        f"old.csv: column 'result' is {yes!r} for {IDS[0]!r}, beyond --scale vrai,faux (1,000 of "
        "1,000 rows); write --scale WORST,BEST: the word of a wrong answer, then that of a right "
        "one, as the file writes them"
    )
    moved_once("result")
    assert asked(policy, id="qid", score="result", scale=f"{no},{yes}") == "pass"


def test_a_person_says_which_letter_is_the_best(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "grade": np.where(w.hit, "A", np.where(BRIGHT > 0.5, "F", "C"))})
    said = asked(policy, id="qid", score="grade")
    assert said == (
        "old.csv: column 'grade' holds letters, 'A' to 'F', and nothing says which of them is the "
        "better; add --scale WORST,BEST, which only you know: the letter of the worst answer, then "
        "that of the best (F,A where A is the best grade); those between are as far apart as in the "
        "alphabet"
    )
    assert asked(policy, id="qid", score="grade", scale="F,A") == "fail"
    assert asked(policy, id="qid", score="grade", scale="A,F") == "cannot tell"
    assert asked(policy, id="qid", score="grade", scale="D,A").startswith(
        "old.csv: column 'grade' is 'F' for "
    )
    moved_once("grade")
    assert asked(policy, id="qid", score="grade", scale="F,A") == "pass"


@pytest.mark.parametrize(("no", "yes"), [("FAIL", "PASS"), ("Failed", "Passed"), ("NO", "YES")])
def test_english_words_need_no_scale_in_whatever_capitals(
    no: str, yes: str, policy: Policy
) -> None:
    write(lambda w: {"qid": IDS, "correct": np.where(w.hit, yes, no)})
    assert asked(policy, id="qid") == "fail"
    moved_once("correct")
    assert asked(policy, id="qid") == "pass"


@pytest.mark.parametrize("gold", ["gold", "target", "truth"])
def test_a_label_that_differs_between_the_sides_is_the_answer(gold: str, policy: Policy) -> None:
    write(lambda w: {"image": IDS, "label": NAMES[w.said], gold: NAMES[w.right]})
    flags = pasted(asked(policy), "", [])[0]
    assert flags == f"--id image --prediction label --label {gold}"
    assert asked(policy, id="image", prediction="label", label=gold) == "fail"


def test_labels_that_differ_on_many_examples_are_never_left_out(policy: Policy) -> None:
    write(lambda w: {"image": IDS, "label": NAMES[w.said], "gold": NAMES[w.right]})
    given = Reading(id="image", prediction=("gold",), label="label", allow_partial=True)
    found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], given), policy)
    assert found.verdict == "not comparable"
    assert found.reason == (
        "Not comparable: 'old' and 'new' have different labels for one example: 118 of 1000 examples, "
        "first 'img_0002' ('dog' and 'owl'); right answers are the same for both models, so correct the "
        "data; if they are what each model answered, give that column with --prediction in place of "
        "--label."
    )


def test_a_rank_that_gains_is_no_accuracy(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "rank": np.where(w.hit, 1, 4 + (BRIGHT > 0.5))})
    given = Reading(id="qid", score="rank", scale=(1, 5))  # type: ignore[arg-type]
    found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], given), policy)
    assert found.reason.startswith(
        "implausible_gain on all cannot be decided: Mean score gained 10."
    )
    assert "of scores moved, however little." in found.audit.headline
