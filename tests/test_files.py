"""Which files are whose: variants after flags of their own, members after one, declared pairs."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

import suggested
from test_gating import run
from undertow.audit.compare import comparisons
from undertow.audit.settings import Settings, small_tolerances
from undertow.errors import UserError
from undertow.files import Request, audit_files, read_sides, suggest_files, variant_groups
from undertow.gating import gate_paths
from undertow.notebook import compare
from undertow.records.reading import Reading

N = 200


def table(path: Path, wrong: range = range(0)) -> Path:
    """Predictions of a model that errs on ``wrong``."""
    label = ["cat" if i % 3 else "dog" for i in range(N)]
    said = ["dog" if label[i] == "cat" else "cat" for i in range(N)]
    rows = {
        "example_id": [f"e{i}" for i in range(N)],
        "prediction": [said[i] if i in wrong else label[i] for i in range(N)],
        "label": label,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_csv(path)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("old", "old2", "good", "good2"):
        table(tmp_path / f"{name}.csv")
    table(tmp_path / "bad.csv", range(80))
    rules = '# old and good hold the same\nidentical = "allowed"\n[[max_drop]]\npoints = 10\n'
    (tmp_path / "gate.toml").write_text(rules)
    return tmp_path


def names(request: Request) -> list[tuple[str, int]]:
    return [(v.name, v.M) for v in read_sides(request).variants]


VERDICTS = ("PASS", "FAIL", "CANNOT TELL", "NOT COMPARABLE")


def verdict_line(said: str) -> str:
    """The line with a gate's verdict; what was read, and what must be known, stand before it."""
    return next(one for one in said.splitlines() if one.startswith(VERDICTS))


def test_each_flag_is_a_variant_and_files_after_one_are_members(place: Path):
    old, good, bad = ([place / f"{name}.csv"] for name in ("old", "good", "bad"))
    assert names(Request(old, [good, bad])) == [("good", 1), ("bad", 1)]
    assert names(Request(old, [[*good, *bad]])) == [
        ("variant" if place.name == "old" else place.name, 2)
    ]


def test_folders_are_variants_wherever_they_stand(tmp_path: Path):
    a, b = tmp_path / "a", tmp_path / "b"
    for folder in (a, b):
        folder.mkdir()
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    assert variant_groups([[a, one, b, two]]) == [[a], [b], [one, two]]
    assert variant_groups([[one], [a, two]]) == [[one], [a], [two]]


def test_a_model_that_fails_does_not_hide_behind_one_that_passes(place: Path):
    """Merged to two members, the first of which is tested, the pair passed."""
    done = run(
        place,
        "undertow gate old.csv --against good.csv --against bad.csv --policy gate.toml --out g",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "of bad" in verdict_line(done.stdout)


def test_the_function_takes_groups_too(place: Path):
    old, good, good2, bad, policy = (
        place / f for f in ("old.csv", "good.csv", "good2.csv", "bad.csv", "gate.toml")
    )
    both = gate_paths(old, [[good], [bad]], policy)
    assert both.verdict == "fail"
    assert [v.arm.name for v in both.audit.variants] == ["good", "bad"]  # type: ignore[union-attr]
    mixed = gate_paths(old, [[good, good2], bad], policy)
    assert [(v.arm.name, v.arm.members) for v in mixed.audit.variants] == [("good", 2), ("bad", 1)]  # type: ignore[union-attr]
    flat = gate_paths(old, [good, good2], policy)
    assert [v.arm.members for v in flat.audit.variants] == [2]  # type: ignore[union-attr]


TOGETHER = "good.csv and good2.csv are taken as 2 members of one variant"


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["audit", "gate"])
def test_loose_files_after_one_flag_are_said_to_be_members(place: Path, command: str):
    policy = " --policy gate.toml" if command == "gate" else ""
    given = f"undertow {command} old.csv --against good.csv good2.csv --out g{policy}"
    done = run(place, given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:4] == [
        "reference old.csv: CSV (a header with example_id): 1 member, 200 examples, 2 classes; "
        "positive class: 'dog', the last of the two; no name says so",
        "variant good.csv and 1 more: CSV (a header with example_id): 2 members, 200 examples, 2 "
        "classes; positive class: 'dog', the last of the two; no name says so",
        f"note {TOGETHER}; for 2 variants give each its own --against: --against good.csv "
        "--against good2.csv",
        "",
    ]
    assert f"{TOGETHER}." in (place / "g/report.html").read_text()
    quiet = run(place, f"{given} --force --quiet")
    assert "note" not in quiet.stdout
    assert len(quiet.stdout.splitlines()) == 1
    (noted,) = [line for line in quiet.stderr.splitlines() if "taken as" in line]
    assert noted == (
        f"NOTE: {TOGETHER}. If they are variants, give each its own --against: --against good.csv "
        "--against good2.csv."
    )


def test_files_called_after_runs_need_no_note_beside_the_verdict(place: Path):
    for n in (1, 2):
        table(place / f"new-seed{n}.csv")
    given = "undertow audit old.csv --against new-seed1.csv new-seed2.csv --out g -q"
    assert "taken as" not in run(place, given).stderr


def test_files_that_are_variants_or_declared_pairs_need_no_note(place: Path):
    files = [place / f"{name}.csv" for name in ("old", "old2", "good", "good2")]
    apart = Request(files[:2], [[files[2]], [files[3]]])
    for request in (apart, Request(files[:2], [files[2:]], paired=True)):
        assert not any("taken as" in said for said in read_sides(request).about)


def test_of_many_members_the_note_names_two(place: Path):
    files = [table(place / f"s {n}.csv") for n in range(3)]
    *_, note = read_sides(Request([place / "old.csv"], [files])).about
    a, b, _ = map(str, files)
    assert note == (
        f"note       {a}, {b} and 1 more are taken as 3 members of one variant; for 3 variants "
        f"give each its own --against: --against '{a}' --against '{b}' …"
    )


def test_in_python_the_note_names_a_dict(place: Path):
    found = compare(str(place / "old.csv"), [[str(place / "good.csv"), str(place / "bad.csv")]])
    *_, note = found.read_as
    assert note.endswith(
        "are taken as 2 members of one variant; for 2 variants give a dict: new={'one': …, "
        "'other': …}"
    )


def test_variants_of_one_name_are_told_apart(place: Path):
    files = [table(place / side / "eval.csv") for side in ("x", "y")]
    assert names(Request([place / "old.csv"], [[f] for f in files])) == [("eval", 1), ("y/eval", 1)]


def test_loose_files_called_after_their_folder_are_told_apart_by_the_next_one(tmp_path: Path):
    """Both sides are called after a folder of one name, so that name tells nothing apart."""
    files = [[table(tmp_path / side / "runs" / f"{n}.csv") for n in "ab"] for side in ("x", "y")]
    sides = read_sides(Request(files[0], [files[1]]))
    assert (sides.reference.name, [v.name for v in sides.variants]) == ("runs", ["variant"])


@pytest.mark.parametrize("command", ["audit", "gate"])
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_read(place: Path, command: str):
    (place / "taken").write_text("a file")
    policy = " --policy gate.toml" if command == "gate" else ""
    done = run(place, f"undertow {command} gone.csv --against good.csv --out taken{policy}")
    said = "taken: the report cannot be written here (Not a directory). Give another --out."
    assert (done.returncode, done.stderr) == (2, f"undertow: {said}\n")


def test_a_slice_that_differs_between_sides_is_in_summary_and_page(place: Path):
    for name, region in (("old", "north"), ("good", "south")):
        frame = pl.read_csv(place / f"{name}.csv").with_columns(region=pl.lit("north"))
        moved = pl.when(pl.col("example_id") == "e7").then(pl.lit(region)).otherwise("region")
        frame.with_columns(region=moved).write_csv(place / f"{name}.csv")
    done = run(
        place, "undertow gate old.csv --against good.csv --policy gate.toml --by region --out g"
    )
    assert done.returncode in (0, 3), done.stderr
    said = "Slice 'region' differs on 1 of 200 examples; 'old' is followed."
    for name in ("summary.md", "report.html"):
        text = (place / "g" / name).read_text().replace("&#39;", "'").replace("\\", "")
        assert said in text, name


def test_a_path_stands_in_one_place(place: Path):
    old, old2, good = (place / f"{name}.csv" for name in ("old", "old2", "good"))
    link = place / "link.csv"
    link.symlink_to(good)
    both = (
        "stands on both sides, in the reference and after --against; take it from one, or give a "
        "copy of it to test a model against itself"
    )
    cases = [
        ([old], [[good], [good]], f"{good}: is given as a variant twice; leave one out"),
        ([old], [[good], [link]], f"{link}: is given as a variant twice; leave one out"),
        ([old, old2], [[good, old2]], f"{old2}: {both}"),
        ([good], [[link]], f"{link}: {both}"),
        ([place], [[good]], f"{good}: {both}"),
        (
            [old, old],
            [[good]],
            f"{old}: is given twice in the reference, so it would count as two runs; leave one out",
        ),
        (
            [old],
            [[good, link]],
            f"{link}: is given twice in one variant, so it would count as two runs; leave one out",
        ),
    ]
    for before, after, said in cases:
        with pytest.raises(UserError) as caught:
            read_sides(Request(before, after))
        assert str(caught.value) == said
    assert len(read_sides(Request([old], [[good], [good, old2]])).variants) == 2


def test_pairs_can_be_declared_for_loose_files(place: Path):
    old, new = [place / "old.csv", place / "old2.csv"], [place / "good.csv", place / "bad.csv"]
    sides = read_sides(Request(old, [new], paired=True))
    (compared,) = comparisons(sides.reference, sides.variants, sides.settings)
    assert compared.pair.paired
    assert [m.id for m in compared.pair.reference.members] == ["old", "old2"]
    assert [(m.id, m.parent) for m in compared.pair.variant.members] == [
        ("good", "old"),
        ("bad", "old2"),
    ]
    said = f"Pairs were declared (--paired): {old[0]} with {new[0]}, {old[1]} with {new[1]}."
    assert said in compared.assumptions
    backwards = read_sides(Request(old, [new[::-1]], paired=True)).variants[0]
    assert [(m.id, m.parent) for m in backwards.members] == [("bad", "old"), ("good", "old2")]
    alone = read_sides(Request(old, [new]))
    assert not comparisons(alone.reference, alone.variants, alone.settings)[0].pair.paired


@pytest.mark.heavy
def test_pairs_on_the_command_line_and_in_python(place: Path):
    done = run(
        place, "undertow audit old.csv old2.csv --against good.csv bad.csv --paired --out out"
    )
    assert done.returncode == 0, done.stderr
    assert (
        "Pairs were declared (--paired): old.csv with good.csv"
        in (place / "out/report.html").read_text()
    )
    sides = [[place / f"{n}.csv" for n in side] for side in (("old", "old2"), ("good", "bad"))]
    result = gate_paths(*sides, place / "gate.toml", paired=True)
    assert result.audit is not None
    assert result.audit.variants[0].arm.paired


def test_what_cannot_be_paired_is_refused(place: Path):
    old, old2, good, bad = (place / f"{name}.csv" for name in ("old", "old2", "good", "bad"))
    two, folder = place / "two.csv", table(place / "folder/new.csv").parent
    frames = [pl.read_csv(good).with_columns(member=pl.lit(m)) for m in "mn"]
    pl.concat(frames).write_csv(two)
    cases = [
        (
            ([old], [[good]]),
            f"{old} and {good} are one file a side, so there is nothing to pair; give several "
            "files a side, or leave --paired out",
        ),
        (
            ([old, old2], [[good]]),
            f"the reference has 2 files ({old}, {old2}) and the variant 1 file ({good}); give one "
            "for each, in the same order",
        ),
        (
            ([old, old2], [[good, bad], [bad]]),
            f"the reference has 2 files ({old}, {old2}) and the variant 1 file ({bad}); give one "
            "for each, in the same order",
        ),
        (
            ([old, old2], [[folder]]),
            f"{folder} is a folder; pairs are declared for loose files, and a population folder "
            "says itself what it derives from",
        ),
        (
            ([old, old2], [[bad, two]]),
            f"2 files ({bad}, {two}) hold 3 members; give files of one member each",
        ),
    ]
    for (before, after), said in cases:
        with pytest.raises(UserError) as caught:
            read_sides(Request(before, after, paired=True))
        assert str(caught.value) == f"--paired: {said}"


def graded(path: Path, empty: int = 0, wrong: int = 0) -> Path:
    """A log of 500 scores: wrong at its beginning, and empty at its end."""
    score = ["0" if i < wrong else "" if i >= 500 - empty else "1" for i in range(500)]
    path.write_text("example_id,score\n" + "".join(f"q{i:03d},{s}\n" for i, s in enumerate(score)))
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    graded(tmp_path / "old.csv")
    graded(tmp_path / "two.csv", empty=2)
    graded(tmp_path / "most.csv", empty=498)
    (tmp_path / "gate.toml").write_text("[[max_drop]]\npoints = 5\n")
    (tmp_path / "wrong.toml").write_text('missing = "wrong"\n\n[[max_drop]]\npoints = 5\n')
    return tmp_path


GATE = "undertow gate old.csv --against {} --policy {} --out g"
LACK = "there is no score for {} of 500 examples in '{}' (first 'q{:03d}')"


def texts(out: Path) -> list[str]:
    return [(out / name).read_text() for name in ("report.html", "report.json", "summary.md")]


def test_empty_scores_are_refused_by_gate_and_audit(logs: Path):
    done = run(logs, GATE.format("most.csv", "gate.toml"))
    assert done.returncode == 3, done.stdout
    assert verdict_line(done.stdout).startswith(
        "NOT COMPARABLE: 'old' and 'most' lack outcomes: " + LACK.format(498, "most", 2)
    )
    done = run(logs, "undertow audit old.csv --against two.csv --out out")
    assert (done.returncode, done.stderr) == (
        3,
        f"undertow: 'old' and 'two' lack outcomes: {LACK.format(2, 'two', 498)}; evaluate them "
        "again, or add --missing wrong, which counts each as a wrong answer of its side, or --allow-partial, which leaves those examples out on both sides, so that a model pays nothing for what it did not answer\n",
    )


def test_what_is_left_out_stands_in_the_verdict_line(logs: Path):
    done = run(logs, GATE.format("two.csv", "gate.toml") + " --allow-partial")
    assert verdict_line(done.stdout).endswith(
        " Compared on 498 of 500 examples. 2 of those left out have no answer of 'two'; counted as "
        "wrong, accuracy would fall by 0.4 points."
    )
    assert all("Compared on 498 of 500 examples." in text for text in texts(logs / "g"))
    done = run(logs, "undertow audit old.csv --against two.csv --out out --allow-partial")
    assert "Compared on 498 of 500 examples." in done.stdout
    assert all("Compared on 498 of 500 examples." in text for text in texts(logs / "out"))
    page = (logs / "out/report.html").read_text().replace("&#39;", "'")
    assert (
        "Left out, because they have no score: 2 of 500 examples in 'two' (first 'q498')." in page
    )


@pytest.mark.parametrize(
    ("policy", "flag"), [("wrong.toml", ""), ("gate.toml", " --missing wrong")]
)
def test_what_is_missing_counts_as_wrong_by_policy_or_flag(logs: Path, policy: str, flag: str):
    done = run(logs, GATE.format("most.csv", policy) + flag)
    assert done.returncode == 1, done.stdout
    said = "498 of 500 examples have no outcome on a side and count as wrong there."
    assert verdict_line(done.stdout).endswith(f" {said}")
    assert all(said in text for text in texts(logs / "g"))
    assert "Counted as wrong, because they have no score" in (logs / "g/report.html").read_text()


def test_a_flag_goes_before_the_policy(logs: Path):
    done = run(logs, GATE.format("two.csv", "wrong.toml") + " --missing refuse")
    assert done.returncode == 3
    assert gate_paths(logs / "old.csv", logs / "two.csv", logs / "wrong.toml").verdict == "pass"
    assert (
        gate_paths(logs / "old.csv", logs / "two.csv", logs / "gate.toml", missing="wrong").verdict
        == "pass"
    )
    done = run(logs, GATE.format("two.csv", "wrong.toml") + " --missing never")
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: --missing never: choose refuse or wrong\n",
    )


def test_of_several_variants_each_says_its_own_number(logs: Path):
    done = run(logs, GATE.format("two.csv --against most.csv", "gate.toml") + " --allow-partial")
    first = verdict_line(done.stdout)
    assert "two: Compared on 498 of 500 examples. most: Compared on 2 of 500 examples." in first


def without_predictions(path: Path, every: int = 4) -> None:
    head, *rows = path.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    kept = [
        row if i % every else f"{c[0]},,{c[2]}"
        for i, (row, c) in enumerate(zip(rows, cells, strict=True), start=1)
    ]
    path.write_text("\n".join([head, *kept]) + "\n")


@pytest.mark.heavy
def test_predictions_that_are_missing_make_sides_not_comparable(place: Path):
    for name in ("old", "good"):
        without_predictions(place / f"{name}.csv")
    lack = " and ".join(
        f"50 of 200 examples in '{name}' (first 'e103')" for name in ("old", "good")
    )
    ways = "evaluate them again, or add --missing wrong, which counts each as a wrong answer of its side, or --allow-partial, which leaves those examples out on both sides, so that a model pays nothing for what it did not answer"
    said = f"'old' and 'good' lack outcomes: there is no prediction for {lack}; {ways}"
    done = run(place, "undertow audit old.csv --against good.csv --out out")
    assert (done.returncode, done.stderr) == (3, f"undertow: {said}\n")
    gate = "undertow gate old.csv --against good.csv --policy gate.toml --out g"
    done = run(place, gate)
    assert done.returncode == 3, done.stderr
    assert verdict_line(done.stdout).startswith(f"NOT COMPARABLE: {said}.")
    done = run(place, f"{gate} --allow-partial --force")
    assert done.returncode == 0, done.stderr
    assert verdict_line(done.stdout).endswith(" Compared on 150 of 200 examples.")


def test_a_floor_needs_every_prediction(place: Path):
    without_predictions(place / "old2.csv", every=100)
    with pytest.raises(UserError) as caught:
        suggest_files(Request([place / "old.csv", place / "old2.csv"], []))
    assert str(caught.value) == (
        "'old' lacks a prediction for 2 of 200 examples, first 'e199', so its runs show no floor; "
        "fill them in, or leave them out with --allow-partial"
    )


@pytest.mark.heavy
def test_a_table_of_numbers_is_joined_to_the_predictions(place: Path):
    rows = "".join(f"e{n},{n % 7}\n" for n in range(199, -1, -1))
    (place / "hard.csv").write_text(f"id,depth\n{rows}")
    audit = "undertow audit {} --against bad.csv --cross depth --out a --force"
    done = run(place, audit.format("old.csv old2.csv") + " --columns-from hard.csv")
    code = (
        'import polars as pl; pl.read_csv("old.csv", infer_schema=False).with_columns('
        'pl.col("example_id").cast(str)).join(pl.read_csv("hard.csv", infer_schema=False).select('
        'pl.col("id").cast(str).alias("example_id"), "depth"), on="example_id", how="left")'
        '.write_csv("old-joined.csv")'
    )
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: --columns-from hard.csv: is a file, and a folder is meant that holds a "
        "population of models (of undertow train or undertow convert); write its columns into the "
        f"predictions: python -c '{code}', and give old-joined.csv in place of old.csv, and no "
        "--columns-from\n",
    )
    before = Path.cwd()
    os.chdir(place)
    suggested.run(code)
    os.chdir(before)
    for reference in ("old-joined.csv old2.csv", "old-joined.csv"):
        done = run(place, audit.format(reference))
        assert done.returncode == 0, done.stderr
        assert "  depth: " in done.stdout


def test_copies_are_no_floor_to_suggest_from(place: Path):
    said = (
        "The 2 runs of 'old' gave the same answers to all 200 examples. Either nothing varies from "
        "run to run, or they are copies, and then the floor of 0 says nothing."
    )
    done = run(place, "undertow gate old.csv old2.csv --suggest first.toml -q")
    assert (done.returncode, done.stderr) == (0, f"NOTE: {said}\n")
    lines = (place / "first.toml").read_text(encoding="utf-8").splitlines()
    assert lines[3:5] == [f"# {said}", "level = 0.05"]


@pytest.mark.parametrize("where", ["request", "reading"])
def test_a_request_in_python_says_what_becomes_of_the_missing(place: Path, where: str):
    without_predictions(place / "good.csv")
    options = {"missing": "wrong"} if where == "request" else {"reading": Reading(missing="wrong")}
    found = audit_files(
        Request([place / "old.csv"], [[place / "good.csv"]], **options), place / "out"
    )
    said = "50 of 200 examples have no outcome on a side and count as wrong there."
    (variant,) = found.variants
    assert variant.headline.endswith(f" {said}")


def test_predictions_that_are_missing_count_as_wrong_too(place: Path):
    text = (place / "good.csv").read_text().splitlines()
    empty = [
        line if i % 4 else ",".join([line.split(",")[0], "", line.split(",")[2]])
        for i, line in enumerate(text)
    ]
    (place / "good.csv").write_text("\n".join([text[0], *empty[1:]]) + "\n")
    done = run(place, "undertow audit old.csv --against good.csv --out out --missing wrong")
    assert done.returncode == 0, done.stderr
    assert "50 of 200 examples have no outcome on a side and count as wrong there." in done.stdout
    assert "loses 25.0 points" in done.stdout


LONG = "a" * 300


@pytest.mark.parametrize("variant", [LONG, f"{LONG}/x.csv", f"good.csv {LONG}"])
def test_a_name_that_no_file_can_have_is_refused_as_one_that_is_not_there(
    place: Path, variant: str
):
    done = run(place, f"undertow audit old.csv --against {variant}")
    assert done.returncode == 2
    assert done.stderr == (
        f"undertow: {variant.split()[-1]}: there is no such file or folder; check the name\n"
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"audit {LONG} --against good.csv", "there is no such file or folder; check the name"),
        (
            f"audit old.csv --against good.csv --labels {LONG}",
            "cannot be read (File name too long); check the name and the permissions",
        ),
        (
            f"audit old.csv --against good.csv --out {LONG}",
            "the report cannot be written here (File name too long). Give another --out.",
        ),
        (
            f"gate old.csv --against good.csv --policy {LONG}",
            "the policy cannot be read (File name too long); check the name",
        ),
        (
            f"gate old.csv old2.csv --suggest {LONG}",
            "the policy cannot be written (File name too long); give another name after --suggest",
        ),
        (
            f"bless old.csv --out {LONG}",
            "the blessing cannot be written (File name too long); give another --out",
        ),
        (
            f"convert old.csv --out {LONG}",
            "cannot be written (File name too long); free some disk space or choose another folder",
        ),
    ],
)
def test_such_a_name_is_refused_wherever_it_stands(place: Path, command: str, said: str):
    done = run(place, f"undertow {command}")
    assert (done.returncode, done.stderr) == (2, f"undertow: {LONG}: {said}\n")


def test_a_long_name_of_a_column_is_no_name_of_a_file(place: Path):
    for command in (f"old.csv --against good.csv::{LONG}", f"good.csv::{LONG} --against old.csv"):
        done = run(place, f"undertow audit {command}")
        assert done.returncode == 2
        assert done.stderr == (
            f"undertow: good.csv: has no column '{LONG}' to take for predictions; it has "
            "'example_id', 'prediction', 'label'; choose one of good.csv::prediction\n"
        )


def test_a_study_whose_name_is_too_long_is_none(place: Path):
    done = run(place, f"undertow run {LONG}.py")
    assert done.returncode == 2
    assert done.stderr == (
        f"undertow: there is no study '{LONG}.py': choose from compression_bias, "
        "compression_subgroups, contrastive_pruning, digits_instrument, gradient_flow, "
        "hardware_lottery, human_disagreement, loss_prioritization, robust_distillation, "
        "tooling_randomness, two_long_tails, two_long_tails_people, or give the path of a study's file\n"
    )


def test_from_python_long_texts_are_no_files_either():
    with pytest.raises(UserError) as caught:
        compare([LONG, LONG, LONG], [LONG])
    assert str(caught.value) == (
        f"old[0]: there is no file '{LONG}', nor any of the other 2; a list of text is read as "
        "paths: give predictions as an array, numpy.array(…)"
    )


def test_a_tolerance_that_may_be_meant_as_a_fraction_is_said_to_be_in_points(place: Path):
    settings = Settings(tolerance=0.0005, tolerance_overall=0.005)
    request = Request([place / "old.csv"], [[place / "good.csv"]], settings=settings)
    *_, note = read_sides(request).about
    assert note == (
        "note       the tolerance is 0.05 percentage points; where 5 are meant, write 5"
    )
    assert [*small_tolerances(Settings(tolerance_overall=0.0001))] == [
        "the tolerance of the whole is 0.01 percentage points; where 1 are meant, write 1"
    ]
    assert [*small_tolerances(Settings(tolerance=0.005))] == []
