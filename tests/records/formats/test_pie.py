"""The PIE release's CSV: two sides in one file, replayed as a comparison of modal answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.audit import audit
from undertow.errors import TableError
from undertow.records import read_any

HEADER = (
    "image_index,true_class_label,baseline_mode_base_label,predicted_mode_variant_label,baseline_number_observ,"
    "variant_number_observ,baseline_mean_probability,variant_mean_probability,pruning_fraction\n"
)
CSV = """\
1,cat,cat,cat,30,30,0.9,0.8,0.5
2,dog,dog,cat,30,30,0.7,0.6,0.5
1,cat,cat,dog,30,30,0.9,0.5,0.9
2,dog,dog,cat,30,30,0.7,0.6,0.9
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "pie.csv").write_text(HEADER + CSV)
    return tmp_path / "pie.csv"


def test_both_sides_of_one_file(path: Path):
    base, about = read_any([f"{path}::baseline"])
    assert (
        about
        == f"{path}::baseline: PIE CSV (baseline_mode_base_label): 1 member, 2 examples, 2 classes; "
        "positive class: 'dog', the last of the two; no name says so"
    )
    pruned, _ = read_any([f"{path}::0.9"])
    assert (base.name, pruned.name) == ("pie baseline", "pie 0.9")
    assert base.pred_MN.tolist() == [[0, 1]]
    assert pruned.pred_MN.tolist() == [[1, 0]]
    assert base.confidence_MN.tolist() == [[pytest.approx(0.9), pytest.approx(0.7)]]
    assert base.manifest.notes[:2] == (
        f"{path}: modal answers of models that are aggregated already; no member can be exchanged.",
        f"{path}: 30 models stand behind each answer of baseline.",
    )
    found = audit(base, [pruned, read_any([f"{path}::0.5"])[0]])
    assert found.exemplars.filter(found.exemplars["modal_disagreement"]).height == 3


@pytest.mark.parametrize(
    ("pick", "said"),
    [("", "holds both sides; choose"), ("::0.7", "has no part '0.7'; choose")],
)
def test_a_side_must_be_chosen(path: Path, pick: str, said: str):
    with pytest.raises(TableError) as caught:
        read_any([f"{path}{pick}"])
    assert str(caught.value) == f"{path}: {said} one of ::baseline, ::0.5, ::0.9 after the path"


# As ``aggregate_predictions.py`` of the release writes it: other names, a blank in one, classes as
# floats.
RELEASE = """\
,pruning_fraction,image_index,true_class_label,variant_modal_label,variant_number_observ ,baseline_modal_label
0,0.5,0,3,3.0,30,3.0
1,0.5,1,4,3.0,30,4.0
"""


def test_what_the_release_writes(tmp_path: Path):
    path = tmp_path / "0.5_1.csv"
    path.write_text(RELEASE)
    base, about = read_any([f"{path}::baseline"])
    pruned, _ = read_any([f"{path}::0.50"])
    assert (
        about
        == f"{path}::baseline: PIE CSV (baseline_mode_base_label): 1 member, 2 examples, 2 classes; "
        "positive class: '4', the last of the two; no name says so"
    )
    assert (base.classes, pruned.classes) == (("3", "4"), ("3", "4"))
    assert (base.correct_MN.tolist(), pruned.correct_MN.tolist()) == ([[1, 1]], [[1, 0]])


def test_an_index_counts_within_its_shard(tmp_path: Path):
    for name, label in (("a.csv", "cat"), ("b.csv", "owl")):
        (tmp_path / name).write_text(f"{HEADER}1,{label},{label},{label},30,30,0.9,0.8,0.5\n")
    with pytest.raises(TableError) as caught:
        read_any([f"{tmp_path / 'a.csv'}::baseline", f"{tmp_path / 'b.csv'}::baseline"])
    assert str(caught.value) == (
        f"{tmp_path / 'a.csv'}: image_index '1' has two labels or two answers of the baseline; an "
        "index counts within one shard: give the files of one shard"
    )
