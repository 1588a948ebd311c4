"""HELM's runs: real ones of crfm-helm 0.5.16 over its simple scenarios, and small ones by hand."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from records.formats.seeds_logs import (
    dumped,
    helm_quiz,
    helm_run,
    helm_spec,
    helm_state,
    instance_stats,
    stat,
)
from undertow.errors import UserError
from undertow.records import MISSING, Records, align, read_any

REAL = Path(__file__).parent / "real/helm"
MCQA = "simple_mcqa:model=simple_model1,data_augmentation=lower"


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def read(place: Path, files: dict[str, bytes], **wanted: Any) -> Records:
    return read_any([write(place / "run", files)], format="HELM", **wanted)[0]


def refused(place: Path, files: dict[str, bytes], **wanted: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(place, files, **wanted)
    said, path = str(caught.value), str(place / "run")
    assert said.startswith(path)
    assert "\n" not in said
    return said.removeprefix(path)


def test_a_real_run_with_options() -> None:
    """Questions whether a number is even, each also in lower case; the script answers by the
    letters' codes."""
    records, about = read_any([REAL / "reference" / MCQA])
    assert about == (
        f"{REAL / 'reference' / MCQA}: HELM run (has run_spec.json and per_instance_stats.json): 1 "
        "member, 8 examples, outcome exact_match"
    )
    assert (records.manifest.task, records.classes) == ("choice", ("A", "B"))
    assert records.examples["perturbation"].to_list() == ["none", "lowercase"] * 4
    assert np.array_equal(records.pred_MN == records.label_N, records.correct_MN == 1)
    assert records.examples["cluster"].n_unique() == 4
    assert {
        k: v
        for k, v in records.manifest.conditions.items()
        if not k.startswith(("template", "decoding"))
    } == {
        "harness": "HELM",
        "model": "simple/model1",
        "fewshot:simple_mcqa:data_augmentation=lower": "5",
        "repeats:simple_mcqa:data_augmentation=lower": "1",
        "limit:simple_mcqa:data_augmentation=lower": "4",
        "metric": "exact_match",
    }


def test_real_display_files_say_the_same_as_the_whole_state() -> None:
    """``reference`` has scenario_state.json, ``changed`` what helm-summarize adds: prompts and
    questions are equal."""
    before, after = (read_any([REAL / name], inputs=True)[0] for name in ("reference", "changed"))
    assert align(before, after).assumptions == ()
    for column in ("prompt_hash", "content_hash", "target"):
        assert before.examples[column].equals(after.examples[column])
    assert before.inputs is not None
    assert after.inputs is not None
    assert before.inputs.equals(after.inputs)
    assert after.answers is not None
    assert "Z" in after.answers[0].to_list()  # An answer that no option is mapped to.


def test_by_hand(tmp_path: Path) -> None:
    records = read(tmp_path, helm_quiz(), inputs=True)
    ids = [f"quiz:subject=words/{i}" for i in ("id1", "id1/lower", "id2", "id3")]
    assert records.example_id_N.to_list() == ids
    assert records.correct_MN.tolist() == [[1, 0, 0, 1]]
    assert records.answers is not None
    assert records.answers[0].to_list() == ["yes", "yes sir", "maybe", "no"]
    assert records.examples["perturbation"].to_list() == ["none", "lower", "none", "none"]
    assert records.examples["target"].to_list() == ["yes", "yes", "yes", "no"]
    assert records.examples["split"].to_list() == ["test"] * 4
    assert records.examples["cluster"].to_list() == [
        f"quiz:subject=words/{i}" for i in ("id1", "id1", "id2", "id3")
    ]
    assert records.inputs is not None
    assert records.inputs[0] == "Answer.\nQuestion id1?"
    assert records.manifest.notes == (
        f"{tmp_path / 'run/per_instance_stats.json'}: the outcome is exact_match; --metric takes "
        "another of prefix_exact_match.",
    )
    assert read(tmp_path, helm_quiz(), metric="prefix_exact_match").correct_MN.tolist() == [
        [1, 1, 0, 1]
    ]


def test_options_in_one_prompt(tmp_path: Path) -> None:
    mapping = {"A": "yes", "B": "no"}
    said = {"id1": (" A", 0), "id2": (" A", 1), "id3": (" C", 1)}
    states = [
        helm_state(i, text, right, output_mapping=mapping) for i, (text, right) in said.items()
    ]
    stats = [instance_stats(i, stat("exact_match", float(i == "id1"))) for i in said]
    records = read(tmp_path, helm_run(stats, states, method="multiple_choice_joint"))
    assert (records.manifest.task, records.classes) == ("choice", ("A", "B"))
    assert records.label_N.tolist() == [0, 1, 1]
    assert records.pred_MN.tolist() == [[0, 0, MISSING]]
    assert records.answers is not None
    assert records.answers[0].to_list() == ["yes", "yes", "C"]
    adapted = [helm_state("id1", "So it is (B).", 1, output_mapping=mapping)]
    files = helm_run(
        [instance_stats("id1", stat("exact_match", 1.0))],
        adapted,
        method="multiple_choice_joint_chain_of_thought",
        output_mapping_pattern=r"\(([A-Z])\)",
    )
    assert read(tmp_path, files).pred_MN.tolist() == [[1]]


def test_options_one_by_one(tmp_path: Path) -> None:
    states = [
        helm_state("id1", f"Question id1? {o}", 1, reference_index=k)
        for k, o in enumerate(("yes", "no"))
    ]
    stats = [instance_stats("id1", stat("exact_match", 1.0), stat("predicted_index", 1.0))]
    records = read(tmp_path, helm_run(stats, states, method="multiple_choice_separate_original"))
    assert (records.pred_MN.tolist(), records.label_N.tolist()) == ([[1]], [1])


def test_train_trials_are_repeats(tmp_path: Path) -> None:
    stats = [instance_stats("id1", stat("exact_match", float(t > 0)), trial=t) for t in range(2)]
    states = [helm_state("id1", "yes", train_trial_index=t) for t in range(2)]
    records = read(tmp_path, helm_run(stats, states, num_train_trials=2))
    assert records.correct_MN.tolist() == [[0.5]]
    assert records.manifest.conditions["repeats:quiz:subject=words"] == "2"


def test_scores_alone_and_gzip_and_old_stats(tmp_path: Path) -> None:
    old = {"name": {"name": "exact_match"}, "count": 2, "sum": 1.0}
    files = helm_run(
        [instance_stats("id1", old), instance_stats("id2", stat("exact_match", 1.0))], None
    )
    packed = {f"{name}.gz": gzip.compress(data) for name, data in files.items()}
    records = read(tmp_path, packed)
    assert records.correct_MN.tolist() == [[0.5, 1]]
    assert records.manifest.notes == (
        f"{tmp_path / 'run'}: keeps no answers (no scenario_state.json), only scores.",
    )


def test_a_suite_of_several_tasks_models_and_suites(tmp_path: Path) -> None:
    other = {**helm_quiz(), "run_spec.json": dumped({**helm_spec(), "name": "other:model=org_m"})}
    write(tmp_path / "suite/quiz", helm_quiz())
    write(tmp_path / "suite/other", other)
    records = read_any([tmp_path / "suite"])[0]
    assert records.examples["task"].unique(maintain_order=True).to_list() == [
        "other",
        "quiz:subject=words",
    ]
    assert read_any([tmp_path / "suite"], tasks=("other",))[0].N == 4
    write(tmp_path / "suite/again", other)
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "suite"])
    assert str(caught.value) == (
        f"{tmp_path / 'suite'}: holds other more than once, also in {tmp_path / 'suite/other'}; "
        "give one suite's folder"
    )
    write(tmp_path / "suite/again", {**other, "run_spec.json": dumped(helm_spec("org/n"))})
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "suite"])
    assert str(caught.value) == (
        f"{tmp_path / 'suite'}: holds logs of 2 models (org/m, org/n); give the logs of one of "
        "them a side"
    )


def test_refusals(tmp_path: Path) -> None:
    files = helm_quiz()
    assert refused(tmp_path, {**files, "per_instance_stats.json": b"[]"}) == (
        "/per_instance_stats.json: holds no statistic of an instance; expected a run that was scored"
    )
    assert refused(tmp_path, {**files, "per_instance_stats.json": b"[{]"}) == (
        "/per_instance_stats.json: cannot be read as JSON (Expecting property name enclosed in "
        "double quotes: line 1 column 3 (char 2)); it may be cut off or damaged: write it again"
    )
    assert refused(tmp_path, {**files, "per_instance_stats.json": b'{"a": 1}'}) == (
        "/per_instance_stats.json: cannot be read as JSON (Expected `array`, got `object`); it may "
        "be cut off or damaged: write it again"
    )
    assert refused(tmp_path, {**files, "run_spec.json": b"{}"}) == (
        "/run_spec.json: has no name or no adapter_spec; expected a folder that helm-run wrote"
    )
    assert refused(tmp_path, files, metric="accuracy") == (
        "/per_instance_stats.json: has no metric 'accuracy'; choose one of exact_match, "
        "prefix_exact_match with --metric"
    )
    stats = helm_run([instance_stats("id1", stat("num_bytes", 1.0))], None)
    assert refused(tmp_path, stats) == (
        "/per_instance_stats.json: no metric is plainly right or wrong (num_bytes is no outcome); "
        "evaluate with another scorer"
    )
    with pytest.raises(UserError) as caught:
        read_any([tmp_path], format="HELM", tasks=("none",))
    assert str(caught.value) == f"{tmp_path}: no task fits --tasks none; it has quiz:subject=words"


@pytest.mark.heavy
@pytest.mark.parametrize(
    "value", [None, [], {}, "x", -1, 1e300, 10**400, True, [[None]], {"a": [1]}]
)
def test_wrong_types_are_read_or_refused(tmp_path: Path, value: Any) -> None:
    entries, states = [instance_stats("id1", stat("exact_match", 1.0))], [helm_state("id1", "yes")]
    made = [helm_run([{**entries[0], key: value}], states) for key in entries[0]]
    made += [
        helm_run([instance_stats("id1", {**stat("exact_match", 1.0), key: value})], states)
        for key in stat("a", 1)
    ]
    made += [helm_run(entries, [{**states[0], key: value}]) for key in states[0]]
    made += [helm_run(entries, [helm_state("id1", "yes") | {"instance": states[0]["instance"] | {k: value}}])
             for k in states[0]["instance"]]  # fmt: skip
    made += [
        helm_run(entries, states) | {"run_spec.json": dumped({**helm_spec(), key: value})}
        for key in helm_spec()
    ]
    for files in made:
        said = ""
        try:
            read(tmp_path, files, inputs=True)
        except UserError as error:
            said = str(error)
        assert "\n" not in said
