"""What may be compared, in which order, and what the comparison assumed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import worlds
from undertow.errors import NotComparableError
from undertow.records.check import align
from undertow.records.disputes import Dispute
from undertow.records.records import Records

NO_HASH = "Not verified (no content_hash): the same example_id may mean different inputs."
UNKNOWN = (
    "Could not be verified, because {!r} does not say: runner, device, dtype, recipe, versions."
)
SILENT = {UNKNOWN.format("a"), UNKNOWN.format("b"), NO_HASH}
KNOWN = {
    "runner": "loop",
    "device": "cpu",
    "dtype": "float32",
    "recipe": {"lr": 0.1},
    "versions": {"torch": "2.11"},
}
SIX = ((0, 1, 2, 0, 1, 2), (0, 1, 1, 0, 1, 1))


def make(
    name: str, pred: Any = ((0, 1, 2), (0, 1, 1)), label: Any = (0, 1, 2), **options: Any
) -> Records:
    return worlds.records_from(
        pred, label, options.pop("classes", ("x", "y", "z")), name=name, **options
    )


def having(records: Records, **fields: Any) -> Records:
    """The same with other manifest fields."""
    return replace(records, manifest=records.manifest.model_copy(update=fields))


def with_hash(records: Records, values: list[str | None]) -> Records:
    return replace(
        records, examples=records.examples.with_columns(pl.Series("content_hash", values))
    )


def refused(a: Records, b: Records, allow_partial: bool = False) -> str:
    with pytest.raises(NotComparableError) as caught:
        align(a, b, allow_partial=allow_partial)
    return str(caught.value)


def said(a: Records, b: Records, **options: Any) -> list[str]:
    return [sentence for sentence in align(a, b, **options).assumptions if sentence not in SILENT]


def test_two_populations_of_everything_known_need_no_assumption() -> None:
    a, b = (with_hash(having(make(name), **KNOWN), ["h0", "h1", "h2"]) for name in "ab")
    aligned = align(a, b)
    assert aligned.assumptions == ()
    assert not aligned.paired
    assert aligned.variant.pred_MN.tolist() == b.pred_MN.tolist()


def test_what_plain_tables_do_not_say_could_not_be_verified() -> None:
    assert align(make("a"), make("b")).assumptions == (
        NO_HASH,
        UNKNOWN.format("a"),
        UNKNOWN.format("b"),
    )


def test_the_variant_is_brought_into_the_references_order() -> None:
    rng = np.random.default_rng(0)
    reference, variant = worlds.null_world(n=50, proba=True)
    order = rng.permutation(50)
    aligned = align(reference, variant.take_examples(order))
    assert aligned.variant.example_id_N.equals(reference.example_id_N)
    np.testing.assert_array_equal(aligned.variant.pred_MN, variant.pred_MN)
    np.testing.assert_array_equal(aligned.variant.p_label_MN, variant.p_label_MN)
    assert aligned.variant.examples.equals(reference.examples)


def test_different_examples_are_refused_or_counted() -> None:
    a = make("a", example_ids=["e1", "e2", "e3"])
    b = make("b", pred=[[0, 1, 2]], label=[2, 0, 1], example_ids=["e9", "e1", "e2"])
    counts = "2 examples in both, 1 only in 'a' (first 'e3') and 1 only in 'b' (first 'e9')"
    assert refused(a, b) == (
        f"'a' and 'b' hold different examples: {counts}; predict the same examples, or compare "
        "those in both with --allow-partial"
    )
    aligned = align(a, b, allow_partial=True)
    assert f"Only examples in both populations are compared: {counts}." in aligned.assumptions
    assert aligned.variant.example_id_N.to_list() == ["e1", "e2"]
    assert aligned.variant.pred_MN.tolist() == [[1, 2]]


PREFIXED = '.str.extract(r"([1-9]\\d*|0)$")'
LAST = '.str.split("/").list.last()'
ENDLESS = '.str.replace(r"\\.[A-Za-z]+$", "")'


def test_no_shared_example_is_refused_even_as_partial() -> None:
    a, b = make("a"), make("b", example_ids=["f", "g", "h"])
    assert refused(a, b, allow_partial=True) == (
        "'a' and 'b' share no example: 0 examples in both, 3 only in 'a' (first 'e0000') and 3 "
        "only in 'b' (first 'f'); predict the same examples"
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "how", "method"),
    [
        ("P00 P01 P02", "p00 p01 p02", "in capitals", ".str.to_lowercase()"),
        ("P00 P01 P02", "0 1 2", "in what stands before the number", PREFIXED),
        ("007 008 009", "7 8 9", "in leading zeros", '.str.strip_chars_start("0")'),
        ("7 8 9", "7.0 8.0 9.0", "in .0 at the end", '.str.replace(r"\\.0+$", "")'),
        ("q-1 q-2 q-3", "1 2 3", "in what stands before the number", PREFIXED),
        ("im/a.png im/b.png im/c.png", "a.png b.png c.png", "in the folder", LAST),
        ("a.png b.png c.png", "a.jpg b.jpg c.jpg", "in the ending of the file", ENDLESS),
        ("im/a.png im/b.png x", "a b c", "in folder and ending of the file", LAST + ENDLESS),
    ],
)
def test_ids_that_differ_in_their_spelling_are_shown_with_what_makes_them_alike(
    ours: str, theirs: str, how: str, method: str
) -> None:
    one, other = ours.split(), theirs.split()
    a, b = make("a", example_ids=one), make("b", example_ids=other)
    assert refused(a, b) == (
        f"'a' and 'b' share no example: 0 examples in both, 3 only in 'a' (first {one[0]!r}) and 3 "
        f"only in 'b' (first {other[0]!r}); predict the same examples, or, if {one[0]!r} and "
        f"{other[0]!r} are one example, which differ {how} only, write ids alike, in polars "
        f"pl.col(ID){method}"
    )
    made = pl.DataFrame({"ID": one}).select(eval(f"pl.col('ID'){method}", {"pl": pl}))
    there = pl.DataFrame({"ID": other}).select(eval(f"pl.col('ID'){method}", {"pl": pl}))
    assert made["ID"].to_list()[:2] == there["ID"].to_list()[:2]


def test_ids_of_which_some_are_spelled_otherwise() -> None:
    a = make("a", example_ids=["x", "Y", "Z"])
    assert refused(a, make("b", example_ids=["x", "y", "z"])) == (
        "'a' and 'b' hold different examples: 1 examples in both, 2 only in 'a' (first 'Y') and 2 "
        "only in 'b' (first 'y'); predict the same examples, or, if 'Y' and 'y' are one example, "
        "which differ in capitals only, write ids alike, in polars pl.col(ID).str.to_lowercase(), "
        "or compare those in both with --allow-partial"
    )
    # Two that would become one are no spelling of one.
    several = make("a", example_ids=["x", "Y", "y"])
    assert refused(several, make("b", example_ids=["x", "Z", "z"])).endswith(
        "; predict the same examples, or compare those in both with --allow-partial"
    )


def test_different_labels_are_refused_or_left_out() -> None:
    a, b = make("a"), make("b", label=[0, 2, 2])
    assert refused(a, b) == (
        "'a' and 'b' have different labels for one example: 1 of 3 examples, first 'e0001' ('y' "
        "and 'z'); right answers are the same for both models, so correct the data"
    )
    assert said(a, b, allow_partial=True) == [
        "Left out because the populations have different labels for one example: 1 of 3 "
        "examples, first 'e0001' ('y' and 'z')."
    ]
    assert align(a, b, allow_partial=True).reference.N == 2


DIFFERENT = "'a' and 'b' have different labels for one example: {} of 40 examples, first 'e0000' ("
SAME = "with so many, do equal ids name the same example on both sides? "


def test_ids_of_which_many_have_other_labels_are_doubted() -> None:
    label = [n % 3 for n in range(40)]
    a, b = make("a", [label], label), make("b", [label], [(n + 1) % 3 for n in label])
    counts = DIFFERENT.format(40) + "'x' and 'y'); "
    assert refused(a, b) == (
        f"{counts}{SAME}If rows were numbered, name examples by what tells them apart, with --id "
        "COLUMN; else correct the data"
    )
    files = pl.Series("datei", [f"{n}.jpg" for n in range(40)])
    a = replace(a, examples=a.examples.with_columns(files))
    b = replace(b, examples=b.examples.with_columns(files.reverse()))
    assert refused(a, b) == (
        f"{counts}{SAME}'datei' has the same values in both, each once: name examples by it, with "
        "--id datei; else correct the data"
    )


def test_ids_that_only_number_rows_are_refused_though_labels_agree() -> None:
    label = [n // 20 for n in range(40)]
    a, b = make("a", [label], label), make("b", [label], label)
    files = pl.Series("datei", [f"{n}.jpg" for n in range(40)])
    a = replace(a, examples=a.examples.with_columns(files))
    for moved, is_refused in ((8, False), (20, True)):
        order = [*range(1, moved), 0, *range(moved, 40)]
        other = replace(b, examples=b.examples.with_columns(files.gather(order)))
        if not is_refused:
            assert align(a, other).reference.N == 40
            continue
        assert refused(a, other) == (
            "'a' and 'b' name other examples by equal ids: 'datei' has the same values in both, each "
            "once, and 20 of 40 ids have another one; name examples by it, with --id datei, or leave "
            "that column out of the files"
        )
    told = pl.Series("datei", [f"{n}.png" for n in range(40)])
    assert align(a, replace(b, examples=b.examples.with_columns(told))).reference.N == 40


def test_a_fifth_of_the_labels_may_be_corrected() -> None:
    label = [n % 3 for n in range(60)]
    other = [(n + (k < 12)) % 3 for k, n in enumerate(label)]
    assert refused(make("a", [label], label), make("b", [label], other)).endswith(
        "; right answers are the same for both models, so correct the data; if they are what each "
        "model answered, give that column with --prediction in place of --label"
    )


@pytest.mark.parametrize(("differ", "is_left_out"), [(3, True), (4, False)])
def test_a_twentieth_of_the_labels_may_be_left_out(differ: int, is_left_out: bool) -> None:
    label = [n % 3 for n in range(60)]
    other = [(n + (k < differ)) % 3 for k, n in enumerate(label)]
    a, b = make("a", [label], label), make("b", [label], other)
    if is_left_out:
        assert align(a, b, allow_partial=True).reference.N == 57
    else:
        with pytest.raises(NotComparableError):
            align(a, b, allow_partial=True)


def test_labels_of_one_side_serve_both() -> None:
    proba = np.array([[[0.7, 0.2, 0.1]] * 3] * 2)
    unlabelled = make("b", label=None, proba=proba)
    aligned = align(make("a"), replace(unlabelled, p_label_MN=None))
    assert aligned.variant.label_N.tolist() == [0, 1, 2]
    np.testing.assert_allclose(aligned.variant.p_label_MN[0], [0.7, 0.2, 0.1], rtol=1e-6)
    assert said(make("a"), unlabelled) == [
        "Labels are those of 'a'; the other population has none."
    ]
    backwards = align(make("b", label=None), make("a"))
    assert backwards.reference.label_N.tolist() == [0, 1, 2]


def test_no_labels_at_all_is_allowed_and_said() -> None:
    assert said(make("a", label=None), make("b", label=None)) == [
        "There are no labels: accuracy and errors are undefined, only changes of answers are "
        "measured."
    ]


def test_different_inputs_under_one_id_are_refused_or_left_out() -> None:
    a, b = with_hash(make("a"), ["h0", "h1", None]), with_hash(make("b"), ["h0", "g1", "g2"])
    assert refused(a, b) == (
        "'a' and 'b' have different inputs for one example (by content_hash): 1 of 3 "
        "examples, first 'e0001'; correct the data, or leave them out with --allow-partial"
    )
    assert align(a, b, allow_partial=True).reference.example_id_N.to_list() == ["e0000", "e0002"]


def test_classes_in_another_order_are_matched_by_name() -> None:
    proba = np.array([[[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.1, 0.6]]])
    a = make("a", pred=[[0, 1, 2]], proba=proba)
    b = make(
        "b",
        pred=[[2, 0, 1]],
        label=[2, 0, 1],
        classes=("y", "z", "x"),
        proba=proba[:, :, [1, 2, 0]],
    )
    aligned = align(a, b)
    assert aligned.variant.classes == ("x", "y", "z")
    assert aligned.variant.pred_MN.tolist() == [[0, 1, 2]]
    np.testing.assert_array_equal(aligned.variant.proba_MNC, a.proba_MNC)
    assert said(a, b) == ["Classes are in another order in 'b'; they are matched by name."]


def test_declared_classes_must_be_the_same() -> None:
    assert refused(make("a"), make("b", classes=("x", "y", "z", "w"))) == (
        "'a' and 'b' have different class sets: 1 only in 'b' (first 'w'); compare models that "
        "answer the same question, or rename the classes"
    )


def test_observed_classes_that_only_look_like_numbers_are_text() -> None:
    a = having(make("a", pred=[[0]], label=[0], classes=("2",)), classes_from="observed")
    b = having(
        make("b", pred=[[0]], label=[0], classes=("2", "+-5", "10")), classes_from="observed"
    )
    a = having(a, classes=("2", "7"))
    assert align(a, b).reference.classes == ("+-5", "10", "2", "7")


def test_observed_classes_grow() -> None:
    a = having(
        make("a", pred=[[0, 1, 1]], label=[0, 1, 1], classes=("2", "10")), classes_from="observed"
    )
    b = having(
        make("b", pred=[[0, 1, 1]], label=[1, 2, 2], classes=("1", "2", "10")),
        classes_from="observed",
    )
    aligned = align(a, b)
    assert aligned.reference.classes == aligned.variant.classes == ("1", "2", "10")
    assert aligned.reference.pred_MN.tolist() == [[1, 2, 2]]
    assert aligned.reference.label_N.tolist() == [1, 2, 2]
    assert said(a, b) == [
        "'a' never shows 1 of the 3 classes ('1'); they are counted as unused. If they are spelled "
        "differently there, rename them and audit again."
    ]


def test_a_table_that_shows_fewer_classes_than_are_declared_is_compared() -> None:
    seen = having(
        make("b", pred=[[0, 1, 1]], label=[0, 1, 1], classes=("x", "y")), classes_from="observed"
    )
    declared = make("a", pred=[[0, 1, 1]], label=[0, 1, 1])
    assert align(declared, seen).variant.classes == ("x", "y", "z")
    assert align(seen, declared).reference.classes == ("x", "y", "z")
    stranger = having(make("b", classes=("x", "y", "w")), classes_from="observed")
    assert refused(declared, stranger).startswith(
        "'a' and 'b' have different class sets: 1 only in 'a' (first 'z') and 1 only in 'b' (first "
        "'w');"
    )


def test_probabilities_of_fewer_classes_are_dropped_when_classes_grow() -> None:
    proba = [[[0.9, 0.1], [0.2, 0.8]]]
    b = make(
        "b",
        pred=[[0, 1]],
        label=[0, 1],
        classes=("x", "y"),
        proba=proba,
        task="binary",
        positive="y",
    )
    aligned = align(make("a", pred=[[0, 1]], label=[0, 1]), having(b, classes_from="observed"))
    assert aligned.variant.proba_MNC is None
    assert aligned.variant.manifest.task == "classification"
    assert aligned.variant.manifest.positive is None


def test_two_classes_are_binary_where_one_side_says_so() -> None:
    a = make("a", pred=[[0, 1]], label=[0, 1], classes=("no", "yes"), task="binary", positive="no")
    b = make("b", pred=[[0, 1]], label=[0, 1], classes=("no", "yes"), task="binary", positive="yes")
    plain = having(b, classes_from="observed")
    assert align(a, plain).variant.manifest.positive == "no"
    assert said(a, plain) == ["The positive class is 'no', as 'a' has it."]
    assert refused(a, b) == (
        "the positive class is 'no' in 'a' and 'yes' in 'b'; name it with --positive, or write "
        "both alike"
    )


def test_other_tasks_do_not_mix() -> None:
    assert refused(make("a", task="choice"), make("b")) == (
        "'a' is a choice task and 'b' a classification task; compare populations of one task"
    )
    assert (
        align(make("a", task="choice"), make("b", task="choice")).variant.manifest.task == "choice"
    )


def derived(name: str, parents: list[str], of: str, **options: Any) -> Records:
    pred = [[m % 3] * 3 for m in range(len(parents))]
    return make(name, pred=pred, parents=parents, parent=of, **options)


def test_members_are_put_in_pairs() -> None:
    reference = make("a", pred=[[0] * 3, [1] * 3, [2] * 3])
    variant = derived("b", ["m02", "m00"], "a")
    aligned = align(reference, variant)
    assert aligned.paired
    assert [m.id for m in aligned.reference.members] == ["m00", "m02"]
    assert [m.parent for m in aligned.variant.members] == ["m00", "m02"]
    assert aligned.variant.pred_MN[:, 0].tolist() == [1, 0]
    assert said(reference, variant) == [
        "1 of 3 members of 'a' have no partner and are left out.",
        "Members are compared in 2 pairs: each two share the trained network they come from.",
    ]
    backwards = align(variant, reference)
    assert backwards.paired
    assert [m.id for m in backwards.variant.members] == ["m02", "m00"]


def test_two_populations_of_one_parent_are_pairs() -> None:
    aligned = align(derived("int8", ["m0", "m1"], "dense"), derived("int4", ["m1", "m0"], "dense"))
    assert aligned.paired
    assert [m.parent for m in aligned.variant.members] == [
        m.parent for m in aligned.reference.members
    ]


@pytest.mark.parametrize(
    ("parents", "alone"), [(["m00", "m07"], 1), (["m00", "m00"], 0), (["m00", None], 1)]
)
def test_members_that_do_not_pair_one_to_one_are_said(parents: list[str], alone: int) -> None:
    reference, variant = make("a"), derived("b", parents, "a")
    assert not align(reference, variant).paired
    assert said(reference, variant) == [
        f"'a' and 'b' derive from one another but do not pair one to one ({alone} of 2 members "
        "without a partner); they are compared as if independent."
    ]


def test_a_parent_that_is_no_part_of_the_comparison_makes_no_pairs() -> None:
    assert not align(make("a"), derived("b", ["m00", "m01"], "dense")).paired


def pupils(name: str, teachers: list[str], of: str) -> Records:
    """Members that learned from these."""
    records = make(name, pred=[[m % 3] * 3 for m in range(len(teachers))])
    members = [
        m.model_copy(update={"teacher": t}) for m, t in zip(records.members, teachers, strict=True)
    ]
    return having(records, members=tuple(members), teacher=of)


def test_students_of_the_same_teachers_are_no_pairs_and_it_is_said() -> None:
    a, b = pupils("a", ["d0", "d1"], "dense"), pupils("b", ["d0", "d1"], "dense")
    assert not align(a, b).paired
    assert said(a, b) == [
        "'a' and 'b' learned from the same members of 'dense'; they are compared as if independent."
    ]
    assert said(a, pupils("b", ["d2", "d3"], "dense")) == []


def test_a_student_and_its_teacher_are_no_pairs_and_it_is_said() -> None:
    dense, student = make("a"), pupils("b", ["m00", "m01"], "a")
    for reference, variant in ((dense, student), (student, dense)):
        assert not align(reference, variant).paired
        assert said(reference, variant) == [
            "'b' learned from 'a'; members are compared as if independent."
        ]


def test_one_teacher_of_all_is_said_of_each_side() -> None:
    a, b = pupils("a", ["d0", "d0"], "dense"), pupils("b", ["d0", "d0"], "dense")
    sentence = (
        "All members of {!r} learned from one teacher, member d0 of 'dense': chance in the teacher "
        "is not counted."
    )
    assert said(a, b) == [sentence.format("a"), sentence.format("b")]
    assert said(make("b"), a) == [sentence.format("a")]
    assert said(pupils("a", ["d0"], "dense"), make("b")) == []


def test_another_teacher_is_a_stated_difference() -> None:
    a, b = pupils("a", ["d0", "d1"], "dense"), pupils("b", ["d0", "d1"], "robust")
    sentence = "The teacher differs: 'dense' for 'a', 'robust' for 'b'."
    assert said(a, b) == [sentence]
    assert align(a, b).differences == (sentence,)
    assert align(a, make("b")).differences == ()


def test_another_number_type_needs_an_intervention_that_makes_it() -> None:
    a = having(make("a"), **KNOWN)
    b = having(make("b"), **KNOWN | {"dtype": "bfloat16"})
    message = (
        "'a' was computed in float32 and 'b' in bfloat16, and no intervention between them changes "
        "the number type; make both in one, or declare the change as an intervention"
    )
    assert refused(a, b) == message
    assert (
        refused(a, having(b, interventions=("GradualMagnitudePruning(sparsity=0.9)",))) == message
    )
    assert "The dtype differs: float32 for 'a', bfloat16 for 'b'." in said(
        a, having(b, interventions=("Quantization(bits=8)",))
    )
    assert said(a, having(b, dtype="unknown")) == [
        "Could not be verified, because 'b' does not say: dtype."
    ]


def test_runners_that_give_the_same_bytes_on_a_cpu_do_not_differ() -> None:
    for device, expected in (
        ("cpu", []),
        ("cuda", ["The runner differs: loop for 'a', processes for 'b'."]),
    ):
        a = having(make("a"), **KNOWN | {"runner": "loop", "device": device})
        b = having(make("b"), **KNOWN | {"runner": "processes", "device": device})
        assert said(a, b) == expected


def test_what_else_differs_is_said() -> None:
    a = having(make("a"), **KNOWN)
    other = {
        "runner": "stacked",
        "device": "cuda",
        "recipe": {"lr": 0.2, "epochs": 3},
        "versions": {"torch": "2.13"},
    }
    b = having(make("b"), **KNOWN | other | {"scale": "smoke"})
    assert said(a, b) == [
        "The runner differs: loop for 'a', stacked for 'b'.",
        "The device differs: cpu for 'a', cuda for 'b'.",
        "Training differs besides the intervention: lr 0.1 → 0.2, epochs nothing → 3.",
        'Software differs besides the intervention: torch "2.11" → "2.13".',
        "The scale differs: none for 'a', smoke for 'b'.",
    ]


def test_failed_members_are_said() -> None:
    a, b = make("a"), make("b")
    failed = b.members[0].model_copy(update={"id": "m07", "status": "failed"})
    b = having(b, members=(*b.members, failed))
    assert said(a, b) == ["1 of 3 members of 'b' failed and are left out (m07)."]


def test_slices_of_both_sides_are_used() -> None:
    a = make("a", slices={"region": ["n", "s", "n"]})
    b = make("b", slices={"region": ["n", "s", "s"], "age": [1, 2, 3]})
    aligned = align(a, b)
    for records in (aligned.reference, aligned.variant):
        assert records.examples["region"].to_list() == ["n", "s", "n"]
        assert records.examples["age"].to_list() == [1, 2, 3]
    assert said(a, b) == [
        "Slice 'region' differs on 1 of 3 examples; 'a' is followed.",
        "Slice 'age' is taken from 'b'; 'a' does not have it.",
    ]


def test_on_how_many_examples_a_column_differs_is_counted_by_its_numbers():
    """0.10 is 0.1, so only the third differs."""
    a = make("a", slices={"dose": ["0.10", "0.2", "0.3"]})
    b = make("b", slices={"dose": ["0.1", "0.20", "0.4"]})
    assert align(a, b).disputed == {"dose": Dispute(1, "e0002", "0.3", "0.4", pl.DataFrame())}
    assert said(a, b) == ["Slice 'dose' differs on 1 of 3 examples; 'a' is followed."]
    assert align(a, a).disputed == {}


@pytest.mark.parametrize(
    ("mine", "theirs", "count"),
    [
        (["n", None, "s"], ["n", "s", None], 0),
        (["n", None, "s"], ["s", "s", None], 1),
        ([0.333333, 2.0, 3.0], [1 / 3, 2.0, 3.0], 0),
        ([0.333, 2.0, 3.0], [1 / 3, 2.0, 3.0], 1),
        ([2.00001, 2.0, 3.0], [2.0, 2.0, 3.0], 0),
        ([2.0, 2.0, 3.0], [2.00001, 2.0, 3.0], 0),
        ([1000001, 2, 3], [1000002, 2, 3], 1),
        ([0.5, 2.0, 3.0], [float("inf"), 2.0, 3.0], 1),
        ([0.0, 2.0, 3.0], [-0.0, 2.0, 3.0], 0),
    ],
)
def test_a_gap_and_a_rounded_number_are_no_dispute(mine: Any, theirs: Any, count: int):
    found = align(make("a", slices={"s": mine}), make("b", slices={"s": theirs})).disputed
    assert [d.count for d in found.values()] == [count] * bool(count)


def test_the_same_slices_in_other_words_are_no_dispute():
    a = make("a", SIX, SIX[0], slices={"sex": ["male", "female"] * 3})
    b = make("b", SIX, SIX[0], slices={"sex": ["m", "f", "m", None, "m", "f"]})
    assert align(a, b).disputed == {}
    assert said(a, b) == ["Slice 'sex' is the same in other words in 'b'; 'a' is followed."]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (["male", "female"] * 3, ["female", "male"] * 3),
        (["male", "female"] * 3, ["m", "m", "m", "f", "m", "f"]),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.9, 0.8, 0.7, 0.65, 0.55, 0.45]),
    ],
    ids=["each the other's", "two of one", "of each example another"],
)
def test_values_that_only_seem_to_go_together_are_disputed(mine: Any, theirs: Any):
    a = make("a", SIX, SIX[0], slices={"s": mine})
    b = make("b", SIX, SIX[0], slices={"s": theirs})
    assert [d.count for d in align(a, b).disputed.values()] == [6]


def test_what_a_person_looks_at_may_come_from_either_side() -> None:
    aligned = align(make("a"), make("b", inputs=["one", "two", "three"]))
    assert aligned.reference.inputs.to_list() == ["one", "two", "three"]


def test_a_population_against_itself_changes_nothing() -> None:
    reference, _ = worlds.null_world(n=60, proba=True, missing_labels=0.2)
    aligned = align(reference, reference)
    for name in ("pred_MN", "label_N", "p_label_MN", "proba_MNC"):
        np.testing.assert_array_equal(getattr(aligned.variant, name), getattr(reference, name))
