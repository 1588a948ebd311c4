"""A column of one side alone that says what its model made of the examples is no slice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike

from undertow.audit import Settings, audit
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.slices import own_output as own_output_module
from undertow.audit.slices.own_output import called_output, own_output
from undertow.errors import NotComparableError, UserError
from undertow.records.records import Records
from worlds import records_from

N = 900
RNG = np.random.default_rng(0)
LABEL_N = RNG.integers(0, 3, N)
SITE_N = np.array(["north", "south", "east"])[RNG.integers(0, 3, N)]
CLASSES = ("cat", "dog", "owl")


def model(name: str, share: float = 0.12, **columns: ArrayLike) -> Records:
    """A model that is wrong on about this share of the examples, with a confidence."""
    rng = np.random.default_rng(sum(name.encode()))
    wrong_N = rng.random(N) < share
    pred_N = np.where(wrong_N, (LABEL_N + rng.integers(1, 3, N)) % 3, LABEL_N)
    made = records_from(pred_N[None], LABEL_N, CLASSES, name=name)
    sure_N = np.clip(np.where(wrong_N, 0.6, 0.8) + rng.normal(0, 0.1, N), 0.34, 1)
    return with_columns(replace(made, confidence_MN=sure_N[None].astype(np.float32)), **columns)


def with_columns(side: Records, **columns: ArrayLike) -> Records:
    series = [pl.Series(name, values) for name, values in columns.items()]
    return replace(side, examples=side.examples.with_columns(series))


OLD, NEW = model("old"), model("new")
PRED_N, RIGHT_N = OLD.pred_MN[0], OLD.pred_MN[0] == LABEL_N
SURE_N = OLD.confidence_MN[0]
SAYS = "and a slice has to say what an example is, not what a model made of it; {way_on}"
OTHERWISE = ", or, if it does describe the examples, write the same values into both files"
OUTPUTS = {
    "tells the right answers of 'old' from the wrong ones": {
        "right": RIGHT_N,
        "bucket": np.where(RIGHT_N, "easy", "hard"),
        "cell": [f"{p} {r}" for p, r in zip(PRED_N, RIGHT_N, strict=True)],
        "nearly": np.where(np.arange(N) == 7, ~RIGHT_N, RIGHT_N),
    },
    "follows the answers of 'old' even where they are wrong": {
        "guess": np.array(CLASSES)[PRED_N],
        "code": 7 - PRED_N,
        "kind": np.where(PRED_N == 2, "bird", "mammal"),
        "mostly": np.where(np.arange(N) % 40 == 7, 1 - np.minimum(PRED_N, 1), PRED_N),
    },
    "follows how sure or how good the answers of 'old' are": {
        "sure": np.where(SURE_N > 0.7, "much", "little"),
        "level": np.digitize(SURE_N, (0.5, 0.7, 0.9)),
        "logit": np.log(SURE_N / (1.01 - SURE_N)),
    },
}


def refusal(old: Records, new: Records, *by: str) -> str:
    with pytest.raises(NotComparableError) as caught:
        audit(old, [new], Settings(by=by, draws=100))
    return str(caught.value)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("said", "column"), [(said, name) for said, columns in OUTPUTS.items() for name in columns]
)
@pytest.mark.parametrize("of_variant", [False, True])
def test_a_column_of_one_side_that_its_values_tell_is_refused(
    said: str, column: str, of_variant: bool
):
    holder = with_columns(OLD, **{column: OUTPUTS[said][column]})
    sides = (NEW, holder) if of_variant else (holder, NEW)
    way_on = SAYS.format(way_on="leave it out of --by")
    assert refusal(*sides, column) == (
        f"only 'old' has a column {column!r}, which {said}, {way_on}{OTHERWISE}"
    )
    # Nobody is pointed to it either.
    found = audit(*(sides[0], [sides[1]]), Settings(by=("class",), draws=100))
    assert column not in [u.column for u in found.not_looked_at]


@pytest.mark.parametrize("failing", ["old", "new"])
def test_a_model_that_fails_at_all_of_a_group_is_what_an_audit_looks_for(failing: str):
    """The group is known to both files, or to that of the other model."""
    ward_N = np.where(np.arange(N) % 10 == 0, "new", "old")
    broken = records_from(
        np.where(ward_N == "new", (LABEL_N + 1) % 3, LABEL_N)[None], LABEL_N, CLASSES, name=failing
    )
    sound = records_from(LABEL_N[None], LABEL_N, CLASSES, name="old" if failing == "new" else "new")
    for knowing in (with_columns(broken, ward=ward_N), broken):
        both = knowing, with_columns(sound, ward=ward_N)
        old, new = both if failing == "old" else both[::-1]
        found = audit(old, [new], Settings(by=("ward",), draws=100))
        assert found.verdict == ("better" if failing == "old" else "worse")


def test_the_members_of_a_side_are_each_looked_at():
    two = replace(
        OLD,
        manifest=OLD.manifest.model_copy(
            update={"members": (*OLD.members, OLD.members[0].model_copy(update={"id": "m01"}))}
        ),
        pred_MN=np.stack([NEW.pred_MN[0], PRED_N]),
        confidence_MN=None,
    )
    assert (
        own_output(two, pl.Series("right", RIGHT_N))
        == "tells the right answers of 'old' from the wrong ones"
    )


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("site", SITE_N),
        pl.Series("species", np.array(CLASSES)[LABEL_N]),
        pl.Series("noisy", np.where(np.arange(N) % 50 == 0, (LABEL_N + 1) % 3, LABEL_N)),
        pl.Series("kind", np.where(LABEL_N == 2, "bird", "mammal")),
        pl.Series("one", ["x"] * N),
        pl.Series("name", [f"e{n}" for n in range(N)]),
        pl.Series("none", [None] * N, dtype=pl.String),
        pl.Series("few", [f"{n}" if n < 5 else "rest" for n in range(N)]),
        pl.Series("number", np.random.default_rng(5).random(N)),
        pl.Series("hard", np.where(RIGHT_N & (np.arange(N) % 30 > 0), "no", "yes")),
        pl.Series("list", [[1]] * N),
    ],
    ids=lambda column: column.name,
)
def test_what_describes_the_examples_is_none(column: pl.Series):
    for share in (0.12, 0.02):
        assert own_output(model("old", share), column) is None


def test_a_class_that_is_never_answered_is_a_property_of_the_examples():
    stuck = records_from(np.zeros((1, N), int), LABEL_N, CLASSES, name="old")
    assert own_output(stuck, pl.Series("species", np.array(CLASSES)[LABEL_N])) is None


def test_of_five_wrong_answers_a_column_tells_nothing():
    pred_N = np.where(np.arange(N) < 5, (LABEL_N + 1) % 3, LABEL_N)
    nearly_right = records_from(pred_N[None], LABEL_N, CLASSES, name="old")
    few = pl.Series("ward", np.where(np.arange(N) < 5, "new", "old"))
    assert own_output(nearly_right, few) is None


def test_of_five_answers_that_the_label_does_not_tell_a_column_follows_nothing():
    for wrong, follows in ((5, False), (6, True)):
        pred_N = np.where(np.arange(N) < wrong, (LABEL_N + 1) % 3, LABEL_N)
        side = records_from(pred_N[None], LABEL_N, CLASSES, name="old")
        assert (own_output(side, pl.Series("guess", pred_N)) is not None) is follows


@pytest.mark.parametrize("size", [40, 400])
def test_a_group_that_gets_all_the_wrong_answers_is_a_group(size: int):
    """Where all have one label, only the answer could tell the group, and it tells half of it."""
    group_N = np.arange(N) < size
    pred_N = np.where(group_N & (np.arange(N) % 4 > 0), 1, 0)
    side = records_from(pred_N[None], np.zeros(N, int), 2, name="old")
    assert own_output(side, pl.Series("ward", np.where(group_N, "new", "old"))) is None


def test_a_group_that_is_all_right_is_a_group():
    """Scores of 0 and 1 are no scale on which examples could be cut."""
    right_N = RIGHT_N | (SITE_N == "north")
    graded = replace(OLD, confidence_MN=None, score_MN=right_N[None].astype(np.float32))
    assert own_output(graded, pl.Series("north", SITE_N == "north")) is None


def test_hardly_any_column_by_chance():
    """Columns at random, also those that go with what is hard: none of 200."""
    found = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        at_random = rng.choice(["a", "b", "c"], N)
        hard = np.where(rng.random(N) < np.where(RIGHT_N, 0.1, 0.9), "hard", "easy")
        found += [own_output(OLD, pl.Series("x", values)) for values in (at_random, hard)]
    assert found == [None] * 200


def test_many_keys_are_sorted_and_few_counted_to_the_same_end(monkeypatch: pytest.MonkeyPatch):
    """Of two codes that are equally common the smaller, also of those that have no key."""
    rng = np.random.default_rng(1)
    key_K, code_K = rng.integers(-1, 40, 300), rng.integers(0, 4, 300)
    counted = [Counter(code_K[key_K == key].tolist()) for key in key_K]
    by_hand = [min(found, key=lambda code: (-found[code], code)) for found in counted]
    for limit in (own_output_module.COUNTED, 0):
        monkeypatch.setattr(own_output_module, "COUNTED", limit)
        assert own_output_module._commonest(key_K, code_K).tolist() == by_hand


NOISE_N = np.random.default_rng(3).random(N).round(3)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("confidence", NOISE_N),
        ("confidence", np.where(NOISE_N > 0.5, "high", "low")),
        ("max_prob", NOISE_N),
        ("isCorrect", NOISE_N > 0.5),
        ("f1", NOISE_N),
        ("val_loss", NOISE_N),
        ("p_fraud", NOISE_N),
        ("prediction", SITE_N),
    ],
)
def test_a_column_of_one_side_that_is_called_as_what_models_make(name: str, values: ArrayLike):
    holder = with_columns(OLD, **{name: values})
    way_on = SAYS.format(way_on="leave it out of --by")
    for sides in ((holder, NEW), (NEW, holder)):
        assert refusal(*sides, name) == (
            f"only 'old' has a column {name!r}, which is called as what models make, {way_on}"
            f"{OTHERWISE}"
        )
    # The way on is one.
    both = holder, with_columns(NEW, **{name: values})
    assert audit(both[0], [both[1]], Settings(by=(name,), draws=100)).notices == ()
    # A column that one side leaves empty is the other's.
    empty = with_columns(NEW, **{name: pl.Series([None] * N, dtype=pl.Series(values).dtype)})
    assert refusal(holder, empty, name).startswith(f"only 'old' has a column {name!r}")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "column",
    [
        pl.Series("risk_group", SITE_N),
        pl.Series("error_type", SITE_N),
        pl.Series("age", NOISE_N),
        pl.Series("doc_score", NOISE_N),
        pl.Series("doc_answer", SITE_N),
    ],
    ids=lambda column: column.name,
)
def test_a_column_of_one_side_that_is_called_otherwise_is_taken(column: pl.Series):
    assert not called_output(column)
    holder = with_columns(OLD, **{column.name: column})
    assert audit(holder, [NEW], Settings(by=(column.name,), draws=100)).verdict


def test_the_gate_refuses_it_too():
    old = with_columns(OLD, right=RIGHT_N, confidence=NOISE_N)
    asked = gate(old, [NEW], parse_policy("[[max_drop]]\npoints = 1\n"), Settings(by=("right",)))
    policy = '[[worst_slice_drop]]\nby = "confidence"\npoints = 5\n'
    ruled = gate(old, [NEW], parse_policy(policy), Settings())
    assert [asked.verdict, ruled.verdict] == ["not comparable"] * 2
    assert asked.reason == (
        "Not comparable: only 'old' has a column 'right', which tells the right answers of 'old' "
        "from the wrong ones, "
        f"{SAYS.format(way_on='leave it out of --by')}{OTHERWISE}."
    )
    assert ruled.reason == (
        "Not comparable: only 'old' has a column 'confidence', which is called as what models "
        f"make, {SAYS.format(way_on='take it out of the policy')}{OTHERWISE}."
    )


def test_what_would_be_refused_is_not_listed():
    old = with_columns(OLD, site=SITE_N, right=RIGHT_N, f1=NOISE_N, score=NOISE_N, all=SITE_N)
    new = with_columns(NEW, site=SITE_N, f1=NOISE_N[::-1])
    for by in ("sit", "class+sit"):
        with pytest.raises(UserError) as caught:
            audit(old, [new], Settings(by=(by,), draws=100))
        assert str(caught.value).endswith("it can be sliced by class, site")
        assert str(caught.value).startswith(
            f"population 'old' has no slice '{by.split('+')[-1]}': "
        )


@pytest.mark.parametrize(
    ("columns", "way_on"),
    [({"all": SITE_N}, "rename the column 'all' in your files"), ({}, "leave it out")],
)
def test_the_whole_is_no_slice(columns: dict[str, ArrayLike], way_on: str):
    old, new = with_columns(OLD, **columns), with_columns(NEW, **columns)
    for by in (("all",), ("class", "all")):
        with pytest.raises(UserError) as caught:
            audit(old, [new], Settings(by=by, draws=100))
        assert str(caught.value) == (
            "--by all: 'all' stands for the whole, which every audit measures, and names no slice; "
            f"{way_on}"
        )


def test_a_crossing_with_a_column_all_is_a_slice():
    old, new = (with_columns(side, all=SITE_N) for side in (OLD, NEW))
    found = audit(old, [new], Settings(by=("class+all",), draws=100)).findings
    assert "class+all" in found["slice"].unique()
    assert found.filter(pl.col("slice") == "all")["value"].unique().to_list() == [""]
