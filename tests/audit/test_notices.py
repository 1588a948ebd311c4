"""What is said before any number: whole sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undertow.audit import Settings, audit
from undertow.audit.at_chance import reference_at_chance
from undertow.audit.notices import notices
from undertow.audit.pair import Pair
from undertow.records.schema import Clustering
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.parts import page
from undertow.report.text import verdict_line
from worlds import null_world, planted_world, records_from

LABEL_N = np.arange(400) % 4
OTHER_N = np.where(np.arange(400) % 10 < 3, (LABEL_N + 1) % 4, LABEL_N)
RIGHT_N = np.where(np.arange(400) % 10 < 7, LABEL_N, (LABEL_N + 1) % 4)


def sides(before, after, label_N=LABEL_N):
    return records_from(np.atleast_2d(before), label_N, 4, name="old"), records_from(
        np.atleast_2d(after), label_N, 4, name="new"
    )


def noticed(reference, variant):
    return audit(reference, [variant], Settings(draws=100)).notices


def test_sides_that_are_identical():
    (said,) = noticed(*sides(RIGHT_N, RIGHT_N))
    assert said == (
        "'old' and 'new' are identical: they gave the same answers to all 400 examples. Check that "
        "these are the files you meant to compare."
    )


def scored(name: str, score_N, **given):
    """A binary task read from scores: the answer is the positive class above 0.5."""
    label_N = np.arange(400) % 4 == 0
    proba_MNC = np.stack([1 - np.atleast_2d(score_N), np.atleast_2d(score_N)], axis=2)
    pred_MN = (proba_MNC[:, :, 1] > 0.5).astype(int)
    task = {"task": "binary", "positive": "fraud", "proba": proba_MNC} | given
    return records_from(pred_MN, label_N.astype(int), ("ok", "fraud"), name=name, **task)


SCORE_N = np.linspace(0.01, 0.49, 400)


def test_equal_answers_over_other_probabilities_are_not_identical():
    said, *_ = noticed(scored("old", SCORE_N), scored("new", SCORE_N[::-1]))
    assert said == (
        "'old' and 'new' gave the same answers to all 400 examples, though their probabilities "
        "differ."
    )
    same, *_ = noticed(scored("old", SCORE_N), scored("new", SCORE_N))
    assert same.startswith("'old' and 'new' are identical: ")
    several = [scored(n, np.stack([s, s / 2])) for n, s in (("old", SCORE_N), ("new", SCORE_N**2))]
    said, *_ = noticed(*several)
    assert said == (
        "'old' and 'new' gave the same answers to all 400 examples, member by member (2 a side), "
        "though their probabilities differ."
    )


def test_equal_answers_of_other_confidence_are_not_identical():
    def sure(side, confidence: float):
        return replace(side, confidence_MN=np.full((1, 400), confidence, dtype=np.float32))

    old, new = sides(RIGHT_N, RIGHT_N)
    assert noticed(sure(old, 0.8), sure(new, 0.7)) == (
        "'old' and 'new' gave the same answers to all 400 examples, though their confidences "
        "differ.",
    )
    (said,) = noticed(sure(old, 0.8), new)
    assert said.startswith("'old' and 'new' are identical: ")


def test_one_answer_that_is_a_cut_at_a_half_says_so_and_what_to_do():
    few_N = np.r_[np.full(4, 0.9), SCORE_N[4:]]
    old, new = scored("old", SCORE_N), scored("new", few_N)
    label = "75.0 % have that label. The answer is taken at 0.5, and"
    fix = (
        "lie above it: calibrate the scores, or give the predicted classes at the threshold in use "
        "with --prediction COLUMN."
    )
    found = noticed(old, new)
    assert found[:2] == (
        f"'old' gives one answer to nearly everything: 'ok' to 100.0 %; {label} 0 of 400 scores "
        f"(0.0 %) {fix}",
        f"'new' gives one answer to nearly everything: 'ok' to 99.0 %; {label} 4 of 400 scores "
        f"(1.0 %) {fix}",
    )
    of_two = scored("two", np.stack([few_N, np.linspace(0, 1, 400)]))
    said = noticed(old, of_two)[1]
    assert said == (
        "1 of 2 members of 'two' give one answer to nearly everything: one says 'ok' to 99.0 %; "
        f"{label} 4 of 400 scores (1.0 %) {fix}"
    )


def test_one_answer_at_a_threshold_that_was_named_says_which_and_how_another_is():
    """What was read from a table says at which threshold."""
    low = scored("old", SCORE_N)
    pred_MN = (low.proba_MNC[:, :, 1] > 0.48).astype(np.int32)
    cut = low.manifest.model_copy(update={"conditions": {"threshold": "0.48"}})
    found = noticed(replace(low, pred_MN=pred_MN, manifest=cut), scored("new", SCORE_N))
    assert found[0] == (
        "'old' gives one answer to nearly everything: 'ok' to 97.8 %; 75.0 % have that label. The "
        "answer is taken at 0.48, and 9 of 400 scores (2.2 %) lie above it: if that is not the "
        "threshold in use, give another number with --threshold."
    )
    strange = low.manifest.model_copy(update={"conditions": {"threshold": "low"}})
    said = noticed(replace(low, manifest=strange), scored("new", SCORE_N**2))[1]
    assert "The answer is taken at 0.5, and 0 of 400 scores" in said


def test_one_answer_at_a_threshold_of_its_own_has_no_half_to_blame():
    low = scored("low", SCORE_N)
    pred_MN = (low.proba_MNC[:, :, 1] > 0.48).astype(np.int32)
    found = noticed(replace(low, pred_MN=pred_MN), scored("new", SCORE_N))
    assert found[0] == (
        "'low' gives one answer to nearly everything: 'ok' to 97.8 %; 75.0 % have that label."
    )


def test_populations_are_identical_whatever_the_order_of_their_members():
    reference, _ = null_world(4, 4, 100, 4, seed=1)
    turned = reference.take_members([2, 0, 3, 1])
    named = replace(turned, manifest=turned.manifest.model_copy(update={"name": "again"}))
    assert noticed(reference, named)[0] == (
        "'reference' and 'again' are identical: they gave the same answers to all 100 examples, "
        "member by member (4 a side). Check that these are the files you meant to compare."
    )
    other = named.pred_MN.copy()
    other[0, 0] = (other[0, 0] + 1) % 4
    assert noticed(reference, replace(named, pred_MN=other)) == (
        "Member 'm00' of 'reference' and member 'm00' of 'again' gave the same answers to every "
        "example, and other members did not (3 such members): is one file on both sides?",
    )


def on_both_sides(differ: int):
    """Two members a side: the variant's second answers what the reference's first does, the two
    others answer so many examples otherwise."""
    place_N = np.arange(400)
    first_N, last_N = (
        np.where((place_N >= at) & (place_N < at + differ), (RIGHT_N + 1) % 4, RIGHT_N)
        for at in (0, 40)
    )
    return sides([RIGHT_N, first_N], [last_N, RIGHT_N])


@pytest.mark.parametrize(("differ", "said"), [(9, False), (10, True)])
def test_a_member_that_stands_on_both_sides_where_others_differ(differ: int, said: bool):
    expected = (
        "Member 'm00' of 'old' and member 'm01' of 'new' gave the same answers to every example, "
        "and other members did not: is one file on both sides?"
    )
    assert notices(Pair(*on_both_sides(differ), False, Settings())) == ((expected,) if said else ())
    assert notices(Pair(*on_both_sides(differ), True, Settings())) == ()


def test_one_model_a_side_is_on_both_only_where_the_sides_are_identical():
    assert notices(Pair(*sides(RIGHT_N, OTHER_N), False, Settings())) == ()
    assert len(notices(Pair(*sides(RIGHT_N, RIGHT_N), False, Settings()))) == 1


def test_members_of_identical_sides_are_not_named_one_by_one():
    (said,) = notices(Pair(*sides([RIGHT_N, OTHER_N], [OTHER_N, RIGHT_N]), False, Settings()))
    assert said.startswith("'old' and 'new' are identical: ")


@pytest.mark.parametrize(("share", "said"), [(0.96, True), (0.93, False)])
def test_one_answer_to_nearly_everything(share: float, said: bool):
    stuck_N = np.where(np.arange(400) < 400 * share, 2, LABEL_N)
    expected = (
        "'new' gives one answer to nearly everything: 'class 2' to 97.0 %; 25.0 % have that label."
    )
    assert noticed(*sides(RIGHT_N, stuck_N)) == ((expected,) if said else ())


def test_one_member_of_several_that_gives_one_answer():
    label_N = np.arange(400) % 4
    good = np.tile(RIGHT_N, (3, 1))
    bad = np.vstack([good[:2] * 1, np.full((1, 400), 1)])
    bad[0, :50] = (bad[0, :50] + 1) % 4
    bad[1, 50:90] = (bad[1, 50:90] + 1) % 4
    assert noticed(*sides(good, bad, label_N))[0] == (
        "1 of 3 members of 'new' give one answer to nearly everything: one says 'class 1' to 100.0 "
        "%; 25.0 % have that label."
    )


def test_runs_of_the_reference_that_do_not_differ_may_be_copies():
    said = (
        "The 2 runs of 'old' gave the same answers to all 400 examples. Either nothing varies from "
        "run to run, or they are copies, and then the floor of 0 says nothing."
    )
    assert noticed(*sides([RIGHT_N, RIGHT_N], OTHER_N)) == (said,)
    other = RIGHT_N.copy()
    other[0] = (other[0] + 1) % 4
    assert noticed(*sides([RIGHT_N, other], OTHER_N)) == ()
    old, new = sides([RIGHT_N, RIGHT_N], OTHER_N)
    apart = old.manifest.model_copy(update={"conditions": {"batch_size": "16 | 6"}})
    assert noticed(replace(old, manifest=apart), new) == ()


def test_a_reference_that_guesses():
    guess_N = np.random.default_rng(0).integers(0, 4, 400)
    recall = np.mean([(guess_N[c == LABEL_N] == c).mean() for c in range(4)])
    assert noticed(*sides(guess_N, RIGHT_N)) == (
        f"The reference 'old' is at chance level: its mean recall is {100 * recall:.1f} %, "
        "guessing gives 25.0 % (1 in 4). A loss against it means little.",
    )


def test_a_variant_at_chance_is_more_often_a_file_than_a_model():
    guess_N = np.random.default_rng(0).integers(0, 4, 400)
    recall = np.mean([(guess_N[c == LABEL_N] == c).mean() for c in range(4)])
    assert noticed(*sides(RIGHT_N, guess_N)) == (
        f"The variant 'new' is at chance level: its mean recall is {100 * recall:.1f} %, guessing "
        "gives 25.0 % (1 in 4). Unless the change itself did that, check that its answers belong "
        "to these ids and its classes to these labels.",
    )


@pytest.mark.parametrize(
    ("classes", "recall", "check"),
    [
        (2, "0.0 %, guessing gives 50.0 % (1 in 2)", "its scores or labels are inverted"),
        (4, "0.0 %, guessing gives 25.0 % (1 in 4)", "its classes stand in another order"),
    ],
)
def test_a_variant_below_chance_knows_the_labels(classes: int, recall: str, check: str):
    label_N = np.arange(400) % classes
    before, after = sides(label_N, _wrong(label_N, classes), label_N)
    assert noticed(before, after)[-1] == (
        f"The variant 'new' is below chance: its mean recall is {recall}. So its answers do depend "
        f"on the label: check whether {check}."
    )


@pytest.mark.parametrize(
    ("classes", "recall", "check"),
    [
        (2, "0.0 %, guessing gives 50.0 % (1 in 2)", "its scores or labels are inverted"),
        (4, "0.0 %, guessing gives 25.0 % (1 in 4)", "its classes stand in another order"),
    ],
)
def test_a_reference_below_chance_knows_the_labels_too(classes: int, recall: str, check: str):
    label_N = np.arange(400) % classes
    assert noticed(*sides(_wrong(label_N, classes), label_N, label_N)) == (
        f"The reference 'old' is below chance: its mean recall is {recall}. So its answers do "
        f"depend on the label: check whether {check}.",
    )


def _wrong(label_N: np.ndarray, classes: int) -> np.ndarray:
    """Always wrong, and of four classes in two ways, so that none is answered as another one."""
    return (label_N + 1 + (np.arange(len(label_N)) // 4 % 2) * (classes > 2)) % classes


OTHERS = (
    "Its answers may belong to other examples: check that they and the labels have the right ids, "
    "or stand in the same order."
)


@pytest.mark.parametrize(("classes", "seed"), [(2, 66), (4, 66)])
def test_below_chance_by_chance_is_no_sign_that_classes_stand_in_another_order(
    classes: int, seed: int
):
    """Right answers in another order than the labels: no assignment of classes makes them right."""
    rng = np.random.default_rng(seed)
    label_N = np.arange(400) % classes
    mixed_N = rng.permutation(label_N)
    recall = f"{100 * (mixed_N == label_N).mean():.1f} %"
    said = f"its mean recall is {recall}, guessing gives {100 / classes:.1f} % (1 in {classes})"
    (about_variant,) = noticed(*sides(label_N, mixed_N, label_N))
    assert about_variant == f"The variant 'new' is below chance: {said}. {OTHERS}"
    (about_reference,) = noticed(*sides(mixed_N, label_N, label_N))
    assert about_reference == f"The reference 'old' is below chance: {said}. {OTHERS}"


def test_some_answers_in_other_classes_depend_on_the_label_too():
    label_N = np.arange(1000) % 4
    guess_N = np.random.default_rng(0).integers(0, 4, 1000)
    mixed_N = np.where(np.arange(1000) % 10 < 3, (label_N + 1) % 4, guess_N)
    (said,) = noticed(*sides(mixed_N, label_N, label_N))
    assert said.endswith(
        "So its answers do depend on the label: check whether its classes stand in another order."
    )


def test_of_many_classes_one_in_a_thousand_has_its_comma():
    label_N = np.arange(8000) % 1000
    guess_N = np.random.default_rng(0).integers(0, 1000, 8000)
    side = records_from(guess_N[None], label_N, 1000, name="old")
    (said,) = reference_at_chance(side)
    recall = np.mean(guess_N == label_N)
    assert said == (
        f"The reference 'old' is at chance level: its mean recall is {100 * recall:.1f} %, "
        "guessing gives 0.1 % (1 in 1,000). A loss against it means little."
    )


def test_beside_a_reference_at_chance_or_a_variant_with_one_answer_nothing_is_said_of_the_variant():
    guess_N = np.random.default_rng(0).integers(0, 4, 400)
    other_N = np.random.default_rng(1).integers(0, 4, 400)
    (said,) = noticed(*sides(guess_N, other_N))
    assert said.startswith("The reference 'old' is at chance level")
    (said,) = noticed(*sides(RIGHT_N, np.zeros(400, int)))
    assert said.startswith("'new' gives one answer to nearly everything")


def test_a_variant_of_few_examples_that_lost_little_is_not_called_guessing():
    label_N = np.arange(12) % 2
    after_N = np.where(np.arange(12) < 4, 1 - label_N, label_N)
    assert noticed(*sides(label_N, after_N, label_N)) == ()
    after_N = np.where(np.arange(12) < 5, 1 - label_N, label_N)
    assert len(noticed(*sides(label_N, after_N, label_N))) == 1


def test_a_reference_that_the_most_common_label_would_beat():
    label_N = np.where(np.arange(400) < 320, 0, 1 + np.arange(400) % 3)
    before_N = np.where((np.arange(400) % 10 < 4) & (label_N == 0), 1, label_N)
    assert noticed(*sides(before_N, label_N, label_N)) == (
        "The reference 'old' is right on 68.0 %, less than always answering 'class 0' would be "
        "(80.0 %).",
    )


def test_labels_that_are_missing_are_counted_and_the_header_counts_what_was_used():
    label_N = np.where(np.arange(400) % 4 == 3, -1, LABEL_N)
    reference, variant = sides(RIGHT_N, OTHER_N, label_N)
    found = audit(reference, [variant], Settings(draws=100))
    assert found.notices == (
        "100 of 400 examples do not have a label: accuracy and its slices are over the other 300.",
    )
    assert (found.n_examples, found.n_scored) == (400, 300)
    assert page(found).facts[0] == "accuracy over 300 of 400 examples"
    assert page(audit(*_one(sides(RIGHT_N, OTHER_N)))).facts[0] == "400 examples"


def test_one_label_that_is_missing_is_one():
    label_N = np.where(np.arange(400) == 3, -1, LABEL_N)
    assert noticed(*sides(RIGHT_N, OTHER_N, label_N)) == (
        "1 of 400 examples does not have a label: accuracy and its slices are over the other 399.",
    )


def test_without_labels_the_flags_that_give_them_are_named():
    assert noticed(*sides(RIGHT_N, OTHER_N, None)) == (
        "There are no labels, so nothing says which answers are right: name their column with "
        "--label COLUMN, or give them in a file of their own with --labels FILE.",
    )


def test_columns_that_look_like_labels_are_named():
    def named(**slices):
        return noticed(
            *(
                records_from(pred_N[None], None, 4, name=name, slices=slices)
                for name, pred_N in (("old", RIGHT_N), ("new", OTHER_N))
            )
        )

    right = [f"class {c}" for c in LABEL_N]
    said = "There are no labels, so nothing says which answers are right"
    assert named(gold=right, tone=right) == (
        f"{said}; 'gold' looks like the right answers: add --label gold.",
    )
    assert named(**{"True label": right, "target": right, "y_true": ["other"] * 400}) == (
        f"{said}; 'True label' and 'target' look like the right answers: add --label 'True label'.",
    )


def _one(pair):
    return pair[0], [pair[1]], Settings(draws=100)


def test_nothing_is_said_of_an_ordinary_comparison():
    assert noticed(*planted_world({1: 0.2}, m_ref=5, m_var=5, n=300)) == ()
    assert noticed(*null_world(1, 1, 300, 4)) == ()


def test_it_is_said_before_everything_else():
    old, new = sides(RIGHT_N, RIGHT_N)
    found = audit(old, [new], Settings(draws=100, tolerance_overall=0.02))
    (notice,) = found.notices
    assert found.headline.startswith(f"{notice} new keeps its accuracy")
    assert summary_text(found).startswith(
        f"NOTE: {notice}\nWITHIN TOLERANCE: new keeps its accuracy"
    )
    assert summary_markdown(found).startswith(
        "**Note:** 'old' and 'new' are identical: they gave the same"
    )
    html = render_html(found)
    assert 0 < html.index("&#39;old&#39; and &#39;new&#39; are identical") < html.index("<h1>")
    assert page(found).sentence.startswith("new keeps its accuracy")


def test_graded_members_on_both_sides_are_told_by_their_scores():
    rng = np.random.default_rng(4)
    score_MN = rng.random((4, 60)).astype(np.float32)
    old, new = sides(np.zeros((2, 60), int), np.zeros((2, 60), int), np.zeros(60, int))
    old = replace(old, score_MN=score_MN[:2])
    said = noticed(old, replace(new, score_MN=score_MN[[2, 0]]))
    assert any(
        one.startswith("Member 'm00' of 'old' and member 'm01' of 'new' gave the same answers")
        for one in said
    )
    assert not any("both sides" in one for one in noticed(old, replace(new, score_MN=score_MN[2:])))


def patients(column: str, values: int = 40) -> tuple[str, ...]:
    """What is said of two models beside a column that so many values are shared out over."""
    slices = {column: [f"p{i % values}" for i in range(400)]}
    return noticed(
        *(
            records_from(pred_N[None], LABEL_N, 4, name=name, slices=slices)
            for name, pred_N in (("old", RIGHT_N), ("new", OTHER_N))
        )
    )


@pytest.mark.heavy
def test_a_column_that_names_where_examples_come_from_is_pointed_out():
    assert patients("patient_id") == (
        "Column 'patient_id' has 40 values for 400 examples. If those of one patient_id belong "
        "together, every limit here is too narrow: add --cluster patient_id; if they do not, "
        "--cluster none.",
    )
    assert all(patients(name) for name in ("doc", "docid", "speakerId", "Patient ID"))
    assert not any(patients(name) for name in ("region", "paid", "id", "doc_type", "class_id"))


def test_few_values_are_a_slice_and_different_ones_are_examples():
    assert [bool(patients("patient", values)) for values in (9, 10, 200, 201)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("column", [None, "patient"])
def test_what_was_declared_is_not_asked_about(column):
    slices = {"patient": [f"p{i % 40}" for i in range(400)]}
    old, new = (
        records_from(pred_N[None], LABEL_N, 4, name=name, slices=slices)
        for name, pred_N in (("old", RIGHT_N), ("new", OTHER_N))
    )
    declared = Clustering(column=column, asked=True)
    old, new = (
        replace(r, manifest=r.manifest.model_copy(update={"clustering": declared}))
        for r in (old, new)
    )
    assert noticed(old, new) == ()


def test_a_verdict_of_no_loss_says_that_a_side_is_below_chance():
    label_N = np.arange(400) % 2
    most_N = np.where(np.arange(400) < 40, label_N, 1 - label_N)
    few_N = np.where(np.arange(400) < 4, label_N, 1 - label_N)
    for before_N, after_N, verdict, said in (
        (few_N, label_N, "better", "the reference 'old' is"),
        (few_N, most_N, "better", "the reference 'old' and the variant 'new' are"),
        (most_N, few_N, "worse", ""),
    ):
        before, after = sides(before_N, after_N, label_N)
        found = audit(before, [after], Settings(draws=100))
        assert found.verdict == verdict
        but = f" But {said} below chance: check that first." if said else ""
        (variant,) = found.variants
        end = "There is no floor to compare this with: the reference has one run."
        assert variant.headline.endswith(f"{end}{but}")
        assert verdict_line(found).endswith(f"{end}{but}")
