"""``--threshold``: the score above which the positive one of two classes is predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import undertow
from test_cli import run
from undertow.errors import UserError
from undertow.records.formats.detect import read_any
from undertow.records.formats.table import sides_in
from undertow.records.reading import Reading
from undertow.records.records import Records

FLAGS = ("--score", "risk", "--label", "fraud")
ASKED = {"score": "risk", "label": "fraud"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(rows: dict[str, list[Any]], name: str = "a.csv") -> Path:
    count = len(next(iter(rows.values())))
    pl.DataFrame({"example_id": range(count), **rows}).write_csv(name)
    return Path(name)


def risks(*risk: float | str | None, name: str = "a.csv") -> Path:
    return put({"fraud": [0, 1] * (len(risk) // 2), "risk": list(risk)}, name)


def refusal(path: Path, threshold: float, **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([path], threshold=threshold, **asked)
    return str(caught.value)


def said(records: Records) -> list[list[str | None]]:
    return [[None if k < 0 else records.classes[k] for k in row] for row in records.pred_MN]


def test_above_it_is_the_positive_class_and_at_it_the_other() -> None:
    """Whatever a 32-bit float makes of the score; probabilities stay what they are."""
    given = [0.2, 0.2000000001, 0.19, 0.9]
    records, about = read_any([risks(*given)], threshold=0.2, **ASKED)
    assert said(records) == [["0", "1", "0", "1"]]
    np.testing.assert_allclose(records.proba_MNC[0, :, 1], given, rtol=1e-6)
    np.testing.assert_allclose(records.p_label_MN[0], [0.8, 0.2, 0.81, 0.9], rtol=1e-6)
    assert about == (
        "a.csv: CSV (a header with example_id and risk, no prediction): 1 member, 4 examples, 2 "
        "classes; a.csv: column 'risk' is read as the probability of '1' in 'fraud'; the "
        "prediction is '1' above 0.2."
    )
    assert records.manifest.conditions == {"threshold": "0.2", "scale": "from 0 to 1"}
    assert len(records.manifest.notes) == 1
    half, _ = read_any([risks(*given)], **ASKED)
    assert half.manifest.conditions == {"threshold": "0.5", "scale": "from 0 to 1"}


@pytest.mark.parametrize(
    ("given", "threshold", "reach"),
    [
        ([20.0, 20.5, 3, 90], 20, "from 3 to 90"),
        ([0.0, 0.01, -7.5, 3], 0, "from -7.5 to 3"),
        ([-2.0, -1.9, -7.5, 3], -2, "from -7.5 to 3"),
        ([650, 651, 300, 850], 650, "from 300 to 850"),
    ],
    ids=["per cent", "log-odds", "below zero", "points"],
)
def test_it_is_in_the_unit_of_the_column(given: list[float], threshold: float, reach: str) -> None:
    records, about = read_any([risks(*given)], threshold=threshold, **ASKED)
    assert (said(records), records.proba_MNC) == ([["0", "1", "0", "1"]], None)
    assert about.endswith(
        f"; a.csv: column 'risk' reaches {reach}, is no probability, and is read as a score of '1' "
        f"in 'fraud'; the prediction is '1' above {threshold}."
    )
    assert records.manifest.conditions == {
        "threshold": str(threshold),
        "scale": "wider than from 0 to 1",
    }


def test_cells_in_per_cent_are_numbers_from_0_to_1() -> None:
    records, _ = read_any([risks("20 %", "21 %", "3 %", "90 %")], threshold=0.2, **ASKED)
    assert said(records) == [["0", "1", "0", "1"]]


def test_all_members_have_one_and_where_there_is_no_score_there_is_no_prediction() -> None:
    two = [risks(0.1, 0.3), risks(0.3, None, name="b.csv")]
    assert said(read_any(two, threshold=0.2, **ASKED)[0]) == [["0", "1"], ["1", None]]
    labels = put({"fraud": [1, 0]}, "y.csv")
    apart = put({"risk": [0.1, 0.3]}, "c.csv")
    records, _ = read_any([apart], threshold=0.2, labels=labels, **ASKED)
    assert (said(records), records.label_N.tolist()) == ([["0", "1"]], [1, 0])


def test_one_member_on_another_scale_makes_scores_of_all() -> None:
    records, _ = read_any([risks(0.1, 0.3), risks(-2, 3, name="b.csv")], threshold=0.2, **ASKED)
    assert (said(records), records.proba_MNC) == ([["0", "1"], ["0", "1"]], None)


@pytest.mark.parametrize(("positive", "want"), [(None, "yes"), ("no", "no")])
def test_of_two_columns_of_probabilities_that_of_the_positive_class_decides(
    positive: str | None, want: str
) -> None:
    path = put(
        {"label": ["no", "yes"] * 2, "p_no": [0.8, 0.7, 0.4, 0.1], "p_yes": [0.2, 0.3, 0.6, 0.9]}
    )
    records, about = read_any([path], threshold=0.2, positive=positive)
    assert said(records) == [
        ["no", "yes", "yes", "yes"] if want == "yes" else ["no", "no", "no", "yes"]
    ]
    assert about.endswith(
        f"2 classes; a.csv: column 'p_{want}' is read as the probability of {want!r}; the "
        f"prediction is {want!r} above 0.2."
    )
    assert len(records.manifest.notes) == 1
    assert records.manifest.conditions["threshold"] == "0.2"
    assert read_any([path])[0].manifest.conditions["threshold"] == "0.5"


@pytest.mark.parametrize("threshold", [-0.1, 1, 200])
def test_a_threshold_that_no_probability_reaches(threshold: float) -> None:
    assert refusal(risks(0.1, 0.6), threshold, **ASKED) == (
        f"--threshold {threshold}: column 'risk' in a.csv reaches from 0.1 to 0.6, so the threshold "
        "decides every example alike; give a number from 0 to below 1, as in --threshold 0.2"
    )
    columns = put({"label": [0, 1], "p_0": [0.9, 0.4], "p_1": [0.1, 0.6]})
    assert refusal(columns, threshold) == (
        f"--threshold {threshold}: column 'p_1' in a.csv reaches from 0.1 to 0.6, so the threshold "
        "decides every example alike; give a number from 0 to below 1, as in --threshold 0.2"
    )


@pytest.mark.parametrize("threshold", [0.2, 90, 200])
def test_a_threshold_in_another_unit(threshold: float) -> None:
    assert refusal(risks(2, 90), threshold, **ASKED) == (
        f"--threshold {threshold}: column 'risk' in a.csv reaches from 2 to 90, so the threshold "
        "decides every example alike; give a number from 2 to below 90, as in --threshold 19.6"
    )


def test_per_cent_of_a_probability_is_refused_with_the_fraction() -> None:
    for cells, reach in (((0.1, 0.6), "0.1 to 0.6"), (("2.3 %", "60 %"), "0.023 to 0.6")):
        assert refusal(risks(*cells), 20, **ASKED) == (
            f"--threshold 20: column 'risk' in a.csv reaches from {reach}, so the threshold decides "
            "every example alike; give a number from 0 to below 1, as in --threshold 0.2 for 20 %; a "
            "cell of 20 % is read as 0.2"
        )


def test_a_fraction_of_per_cent_is_refused_where_nearly_all_lie_above_it() -> None:
    """A score of 0 is below it, so that it decides not quite every example alike."""
    assert refusal(risks(0, *range(1, 40)), 0.2, **ASKED) == (
        "--threshold 0.2: column 'risk' in a.csv reaches from 0 to 39, and 39 of 40 scores lie above "
        "it; if these are per cent, 20 % is --threshold 20, and for 0.2 % divide the scores by 100 "
        "and give --threshold 0.002"
    )
    rare = read_any([risks(*[0.1] * 20, *range(20))], threshold=0.2, **ASKED)[0]
    assert said(rare)[0].count("1") == 19


def test_a_threshold_that_nobody_reaches_yet_may_be_meant() -> None:
    assert said(read_any([risks(0.1, 0.3)], threshold=0.9, **ASKED)[0]) == [["0", "0"]]


@pytest.mark.heavy
def test_one_that_decides_every_example_of_all_sides_alike() -> None:
    """Where one side alone never reaches it, that is a finding."""
    write_sides()
    both = ("old.csv", "--against", "new.csv", *FLAGS)
    for cut, where in (("0", "above it"), ("0.05", "above it"), ("0.45", "at or below it")):
        done = run("gate", *both, "--threshold", cut, "--policy", "gate.toml", "-q")
        assert (done.returncode, done.stdout, done.stderr) == (
            2,
            "",
            f"undertow: --threshold {cut}: the scores of 'old' and 'new' reach from 0.1 to 0.4, all "
            f"{where}, so the threshold decides every example alike and nothing is compared; give a "
            "number from 0.1 to below 0.4, as in --threshold 0.16\n",
        )
    put({"fraud": [0, 0, 1, 1] * 100, "risk": [0.1, 0.15, 0.12, 0.1] * 100}, "low.csv")
    done = run("audit", "old.csv", "--against", "low.csv", *FLAGS, "--threshold", "0.2", "-q")
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "MIXED")


def test_converted_folders_that_a_threshold_decided_alike() -> None:
    write_sides()
    for side in ("old", "new"):
        run("convert", f"{side}.csv", *FLAGS, "--threshold", "0.45", "--out", side)
    done = run("audit", "old", "--against", "new")
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: --threshold 0.45: the scores of 'old' and 'new' reach from 0.1 to 0.4, all at or "
        "below it, so the threshold decides every example alike and nothing is compared; give a "
        "number from 0.1 to below 0.4, as in --threshold 0.16\n",
    )


def test_one_that_decides_alike_in_python() -> None:
    same = pl.DataFrame({"example_id": range(4), "fraud": [0, 1] * 2, "risk": [0.3] * 4})
    with pytest.raises(UserError) as caught:
        undertow.compare(same, {"a": same, "b": same}, threshold=0.2, **ASKED)
    assert str(caught.value) == (
        "threshold=0.2: the scores of 'old', 'a' and 'b' reach from 0.3 to 0.3, all above it, so the "
        "threshold decides every example alike and nothing is compared; give scores that differ"
    )


GRADES = (
    "has grades, which say how good an answer is, and no score of one of two classes; leave "
    "--threshold out, or name right answers of two values with --label COLUMN"
)
CLASSES = (
    "brings predicted classes, and no threshold changes those; leave --threshold out, or give a "
    "table of scores without predictions, with --score COLUMN"
)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"label": [0, 1, 1], "prediction": [0, 1, 1]}, CLASSES),
        ({"label": [0, 1, 1], "prediction": [0, 1, 1], "score": [0.1, 0.6, 0.3]}, CLASSES),
        ({"score": [0.2, 0.5, 1]}, GRADES),
        ({"label": ["a", "b", "c"], "score": [0.2, 0.5, 1]}, GRADES),
        (
            {"label": ["a", "b", "c"], "prediction": ["a", "b", "c"]},
            "has 3 classes, and a threshold decides between two; leave --threshold out",
        ),
        (
            {"label": [0, 1, 2], "p_0": [1, 0, 0], "p_1": [0, 1, 0], "p_2": [0, 0, 1]},
            "has 3 classes, and a threshold decides between two; leave --threshold out",
        ),
        (
            {"label": [1, 1, 1], "prediction": [1, 1, 1]},
            "has 1 class, and a threshold decides between two; leave --threshold out",
        ),
    ],
)
def test_where_no_score_decides(rows: dict[str, list[Any]], message: str) -> None:
    assert refusal(put(rows), 0.2) == f"--threshold 0.2: 'a' {message}"


def test_predicted_classes_in_an_array_stay_what_they_are() -> None:
    np.savez("a.npz", predictions=np.array([0, 1]), labels=np.array([0, 1]))
    assert refusal(Path("a.npz"), 0.2) == f"--threshold 0.2: 'a' {CLASSES}"


@pytest.mark.parametrize("given", ["abc", "0,2", "nan", "inf", True, ""])
def test_what_is_no_number(given: Any) -> None:
    shown = "''" if given == "" else given
    with pytest.raises(UserError) as caught:
        Reading(threshold=given)
    assert str(caught.value) == (
        f"--threshold {shown}: is no finite number; write one, as in --threshold 0.2"
    )


def write_sides() -> None:
    put({"fraud": [0, 0, 1, 1] * 100, "risk": [0.1, 0.3, 0.25, 0.4] * 100}, "old.csv")
    put({"fraud": [0, 0, 1, 1] * 100, "risk": [0.1, 0.15, 0.25, 0.4] * 100}, "new.csv")
    Path("gate.toml").write_text(
        'blessed = "blessed.json"\nmax_gain = 30\n[[max_drop]]\npoints = 20\n'
    )
    assert run("bless", "old.csv", *FLAGS, "--threshold", "0.2").returncode == 0


@pytest.mark.heavy
def test_every_command_that_reads_scores_takes_it() -> None:
    write_sides()
    both = ("old.csv", "--against", "new.csv", *FLAGS)
    audited = run("audit", *both, "--threshold", "0.2", "--out", "audit")
    assert (audited.returncode, audited.stderr) == (0, "")
    assert "accuracy 75.0 % → 100.0 %" in audited.stdout
    assert audited.stdout.count("the prediction is '1' above 0.2.") == 2
    page = Path("audit/report.html").read_text()
    assert page.count("the prediction is &#39;1&#39; above 0.2.") >= 2
    assert "--threshold 0.2" in page
    gated = run("gate", *both, "--threshold", "0.2", "--policy", "gate.toml", "--out", "gate")
    assert (gated.returncode, gated.stderr) == (0, "")
    converted = run("convert", "new.csv", *FLAGS, "--threshold", "0.2", "--out", "folder")
    assert (converted.returncode, converted.stderr) == (0, "")
    folder, about = read_any([Path("folder")], threshold=0.2)
    assert about.endswith("the prediction is '1' above 0.2.")
    table, _ = read_any([Path("new.csv")], threshold=0.2, **ASKED)
    assert said(folder) == said(table) != said(read_any([Path("new.csv")], **ASKED)[0])


def test_a_blessed_reference_is_one_at_its_threshold() -> None:
    write_sides()
    both = ("old.csv", "--against", "new.csv", *FLAGS, "--policy", "gate.toml")
    for given, shown, right in ((("--threshold", "0.35"), "0.35", 0.75), ((), "0.5", 0.5)):
        done = run("gate", *both, *given, "--out", f"gate-{shown}")
        assert done.returncode == 3
        told = done.stdout[done.stdout.index("The reference") :].splitlines()[0]
        words = [w for w in told.split() if not w.endswith("…")]
        assert " ".join(words) == (
            "The reference 'old' is not the one that blessed.json blesses: 400 examples, 1 member, "
            "accuracy 0.7500, threshold 0.2, content there, 400 examples, 1 member, accuracy "
            f"{right:.4f}, threshold {shown}, content here; read it with --threshold 0.2, give the "
            "blessed one, or bless this one with undertow bless."
        )
    # No score lies between, so that the answers are those that were blessed; the variant's are not.
    done = run("gate", *both, "--threshold", "0.21", "--out", "gate-21")
    assert (done.returncode, "threshold 0.21, " in done.stdout) == (3, True)


@pytest.mark.heavy
def test_sides_at_other_thresholds_are_compared_only_where_that_is_accepted() -> None:
    write_sides()
    for side, cut in (("old", "0.2"), ("new", "0.35")):
        run("convert", f"{side}.csv", *FLAGS, "--threshold", cut, "--out", side)
    refused = run("audit", "old", "--against", "new")
    assert (refused.returncode, refused.stderr) == (
        3,
        "undertow: the threshold differs: 0.2 for 'old', 0.35 for 'new'; read both with --threshold "
        "0.2, or accept it with --accept threshold\n",
    )
    done = run("audit", "old", "--against", "new", "--accept", "threshold", "--out", "audit")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The threshold differs: 0.2 for 'old', 0.35 for 'new'." in done.stdout
    again = run("audit", "old", "--against", "new", "--threshold", "0.3")
    assert (again.returncode, again.stderr) == (
        2,
        "undertow: --threshold 0.3: 'old' was converted at the threshold 0.2; convert its table "
        "again with --threshold 0.3, or leave --threshold out\n",
    )


@pytest.mark.parametrize("accept", [(), ("--accept", "scale"), ("--accept", "scale", "threshold")])
def test_per_cent_on_one_side_is_another_threshold(accept: tuple[str, ...]) -> None:
    """One number on two scales is a mistake, whatever is accepted."""
    write_sides()
    put({"fraud": [0, 0, 1, 1] * 100, "risk": [0, 15, 25, 40] * 100}, "cent.csv")
    done = run("audit", "old.csv", "--against", "cent.csv", *FLAGS, "--threshold", "0.2", *accept)
    assert (done.returncode, done.stderr) == (
        3,
        "undertow: the scale of the score differs: from 0 to 1 for 'old', wider than from 0 to 1 for "
        "'cent', and one threshold, 0.2, decides on both, which cannot be accepted; cent.csv: column "
        "'risk' reaches from 0 to 40: if it is per cent, divide it by 100 in the file, or convert "
        "each side with a threshold on its own scale and add --accept threshold scale\n",
    )


def test_a_threshold_on_another_scale_is_no_remedy() -> None:
    """Neither between two sides, nor for a reference that was blessed on one scale."""
    write_sides()
    put({"fraud": [0, 0, 1, 1] * 100, "risk": [0, 15, 25, 40] * 100}, "cent.csv")
    for name, threshold in (("old", "0.2"), ("cent", "20")):
        done = run("convert", f"{name}.csv", *FLAGS, "--threshold", threshold, "--out", name)
        assert (done.returncode, done.stderr) == (0, "")
    done = run("audit", "old", "--against", "cent")
    assert done.returncode == 3
    assert done.stderr.endswith(
        "; give the scores of both on one scale, or accept it with --accept threshold\n"
    )
    accepted = ("--accept", "threshold", "scale", "--out", "audit")
    done = run("audit", "old", "--against", "cent", *accepted)
    assert (done.returncode, done.stderr) == (0, "")
    gated = run("gate", "cent", "--against", "old", "--policy", "gate.toml", "--out", "gate")
    assert gated.returncode == 3
    assert "its scores are on another scale: give the blessed one" in gated.stdout
    assert "read it with --threshold" not in gated.stdout


@pytest.mark.heavy
def test_frames_and_arrays_take_it() -> None:
    write_sides()
    old, new = pl.read_csv("old.csv"), pl.read_csv("new.csv")
    found = undertow.compare(old, new, threshold=0.2, **ASKED)
    assert found.read_as[1] == (
        "variant    new: table in memory: 1 member, 400 examples, 2 classes; new: column 'risk' is "
        "read as the probability of '1' in 'fraud'; the prediction is '1' above 0.2."
    )
    assert found.gate("gate.toml").verdict == "pass"
    arrays = [
        np.stack([1 - f["risk"].to_numpy(), f["risk"].to_numpy()], axis=1) for f in (old, new)
    ]
    labels = old["fraud"].to_numpy()
    again = undertow.compare(*arrays, labels=labels, threshold=0.2)
    accuracy = [
        f.findings.filter(measure="accuracy", slice="all")["effect"].to_list()
        for f in (found, again)
    ]
    assert accuracy[0] == accuracy[1] == [0.25]
    with pytest.raises(UserError) as caught:
        undertow.compare(labels, labels, labels=labels, threshold=0.2)
    assert str(caught.value) == (
        "threshold=0.2: 'old' brings predicted classes, and no threshold changes those; leave "
        "threshold out, or give a table of scores without predictions, with score='COLUMN'"
    )
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, threshold=20, **ASKED)
    assert str(caught.value) == (
        "threshold=20: column 'risk' in old reaches from 0.1 to 0.4, so the threshold decides every "
        "example alike; give a number from 0 to below 1, as in threshold=0.2 for 20 %; a cell "
        "of 20 % is read as 0.2"
    )


def test_a_suggestion_repeats_it() -> None:
    both = put({"fraud": [0, 1], "old": [0.1, 0.3], "new": [0.2, 0.9]})
    assert sides_in(both, Reading(score="old,new", label="fraud", threshold=0.2)) == (
        "a.csv::old --against a.csv::new --label fraud --score old,new --threshold 0.2"
    )


def of_two(*names: str) -> Path:
    first, second = names
    risk = [0.1, 0.3, 0.6, 0.9]
    label = [second, second, first, first]
    return put({"label": label, f"p_{first}": risk, f"p_{second}": [1 - r for r in risk]})


def test_nobody_guesses_which_probability_it_cuts() -> None:
    """Above .2 of the other one would be other answers."""
    begins = "0.2 cuts the probability of one of two classes, and the classes in a.csv, "
    ends = ", do not say which; name the one that it is the probability of, "
    assert refusal(of_two("fraud", "legit"), 0.2) == (
        f"a.csv: {begins}'fraud', 'legit'{ends}as in --positive fraud"
    )
    assert refusal(of_two("cat", "dog"), 0.2, positive="owl") == (
        f"--positive owl: {begins}'cat', 'dog'{ends}with --positive cat or --positive dog"
    )
    records, _ = read_any([of_two("fraud", "legit")], threshold=0.2, positive="fraud")
    assert said(records) == [["legit", "fraud", "fraud", "fraud"]]
    records, _ = read_any([of_two("yes", "no")], threshold=0.2)
    assert said(records) == [["no", "yes", "yes", "yes"]]


def test_no_zero_is_negative() -> None:
    _, about = read_any([risks(-1, 1, 0, 2)], threshold=-0.0, **ASKED)
    assert about.endswith("the prediction is '1' above 0.")


def test_a_score_that_is_named_goes_before_probabilities_of_two_classes() -> None:
    path = of_two("fraud", "legit")
    records, about = read_any([path], score="p_fraud", positive="fraud")
    assert said(records) == [["legit", "legit", "fraud", "fraud"]]
    assert "a.csv: column 'p_legit' is not used, as another was named." in records.manifest.notes
    assert about == (
        "a.csv: CSV (a header with example_id and p_fraud, no prediction): 1 member, 4 examples, "
        "2 classes; a.csv: column 'p_fraud' is read as the probability of 'fraud' in 'label'; the "
        "prediction is 'fraud' above 0.5."
    )
    put({"sick": [0, 1, 1, 0], "risk": [0.1, 0.7, 0.4, 0.2], "p_fraud": [0.5] * 4})
    records, _ = read_any([path], score="risk", label="sick")
    assert said(records) == [["0", "1", "0", "0"]]
    three = {f"p_{name}": [0.2, 0.3, 0.3, 0.3] for name in "ab"} | {"p_c": [0.6, 0.4, 0.4, 0.4]}
    put({"label": list("abca"), "how": [0.1, 0.2, 0.3, 0.4], **three})
    records, _ = read_any([path], score="how")
    assert records.classes == ("a", "b", "c")
    assert records.proba_MNC is not None


def test_columns_that_are_asked_for_stay_beside_a_score() -> None:
    """As the models' predictions, in files or parts of one."""
    answers = {"p_m1": [0, 1, 1, 0], "p_m2": [0, 1, 0, 1]}
    path = put({"label": [0, 1, 1, 0], **answers, "how": [0.9, 0.7, 0.8, 0.6]})
    for prediction in ("p_m*", "p_m1,p_m2"):
        records, _ = read_any([path], prediction=prediction, score="how")
        assert records.pred_MN.tolist() == [[0, 1, 1, 0], [0, 1, 0, 1]]
    records, _ = read_any([Path("a.csv::p_m2")], score="how")
    assert records.pred_MN.tolist() == [[0, 1, 0, 1]]
    put({"label": [0, 1, 1, 0], "how": [0.1, 0.7, 0.8, 0.6], "p_years": [20, 30, 40, 50]})
    records, _ = read_any([path], score="how")
    assert records.slice_columns == ()
    with pytest.raises(UserError) as caught:
        read_any([path], score="how", by=("p_years",))
    assert str(caught.value) == (
        "a.csv: label '0' is none of the 1 classes of the p_<class> columns (4 such rows); add p_0, "
        "or rename columns that are not probabilities"
    )


def test_one_column_of_two_classes_is_told_to_be_a_score() -> None:
    path = Path("a.csv")
    rows = {"example_id": [*"abcd"], "label": [0, 1, 1, 0], "p_0": [0.9, 0.3, 0.2, 0.4]}
    pl.DataFrame(rows).write_csv(path)
    with pytest.raises(UserError) as caught:
        read_any([path])
    assert str(caught.value) == (
        "a.csv: label '1' is none of the 1 classes of the p_<class> columns (2 such rows); if that of "
        "'0' decides between the two, add --score p_0; else add p_1, or rename columns that are not "
        "probabilities"
    )
    records, _ = read_any([path], score="p_0")
    assert [records.classes[c] for c in records.pred_MN[0]] == ["0", "1", "1", "1"]
