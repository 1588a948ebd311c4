"""Graded tables, and with them what every reader of evaluation logs shares: repeats, members,
clusters, words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import undertow
from undertow.errors import UserError
from undertow.records import align, read_any, read_population, write_records
from undertow.records.reading import Reading

OLD = """example_id,score,answer,target,input,lang
q1,1,Paris,Paris,Capital of France?,fr
q2,0,Rome,Madrid,Capital of Spain?,es
q3,0,Oslo,Bern,Capital of Switzerland?,fr
q4,1,the answer is Riga,Riga,Capital of Latvia?,es
"""
NEW = """example_id,score,answer,target,input,lang
q4,1,Riga,Riga,Capital of Latvia?,es
q1,0,Lyon,Paris,Capital of France?,fr
q2,0,Rome,Madrid,Capital of Spain?,es
q3,0,Zurich,Bern,Capital of Switzerland?,fr
"""


@pytest.fixture
def put(tmp_path: Path):
    def _put(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return _put


def refused(*args, **kwargs) -> str:
    with pytest.raises(UserError) as caught:
        read_any(*args, **kwargs)
    return str(caught.value)


def test_a_graded_table(put):
    records, about = read_any([put("old.csv", OLD)], inputs=True)
    assert about.endswith(
        "CSV (a header with example_id and score, no prediction): 1 member, 4 examples, outcome "
        "score"
    )
    assert records.manifest.task == "generation"
    assert records.correct_MN.tolist() == [[1, 0, 0, 1]]
    assert records.pred_MN.tolist() == [[0, 1, 1, 0]]
    assert records.slice_columns == ("lang",)
    assert records.inputs.to_list()[0] == "Capital of France?"
    assert (records.outcome, records.name) == ("accuracy", "old")


def test_right_answers_in_other_words_are_no_churn_and_wrong_ones_are(put):
    old, new = (read_any([put(f"{n}.csv", t)])[0] for n, t in (("old", OLD), ("new", NEW)))
    aligned = align(old, new)
    changed_N = aligned.reference.pred_MN[0] != aligned.variant.pred_MN[0]
    assert dict(zip(old.example_id_N, changed_N.tolist(), strict=True)) == {
        "q1": True, "q2": False, "q3": True, "q4": False,
    }  # fmt: skip
    names = aligned.variant.names_of(np.arange(4), aligned.variant.pred_MN[0])
    assert names.to_list() == ["Lyon", "Rome", "Zurich", "Riga"]
    assert aligned.reference.truths_of(np.arange(4)).to_list() == [
        "Paris",
        "Madrid",
        "Bern",
        "Riga",
    ]


def test_it_survives_a_population_folder(put, tmp_path: Path):
    old, _ = read_any([put("old.csv", OLD)], inputs=True)
    write_records(old, tmp_path / "folder")
    again = read_population(tmp_path / "folder", inputs=True)
    assert again.examples.equals(old.examples)
    assert again.inputs.equals(old.inputs)
    assert again.pred_MN.tolist() == old.pred_MN.tolist()
    assert again.score_MN.tolist() == old.score_MN.tolist()
    assert again.answers[0].equals(old.answers[0])
    assert align(again, read_any([put("new.csv", NEW)])[0]).reference.N == 4


def test_several_files_are_repeat_runs_and_a_column_names_members(put):
    records, _ = read_any([put("old1.csv", OLD), put("old2.csv", NEW)])
    assert ([m.id for m in records.members], records.name) == (["old1", "old2"], "old")
    rows = OLD.splitlines()
    text = "\n".join([rows[0] + ",member", *(f"{r},{m}" for m in "ab" for r in rows[1:])])
    assert [m.id for m in read_any([put("all.csv", text)])[0].members] == ["a", "b"]


def test_repeats_are_averaged_within_the_example(put):
    text = "example_id,score,answer\nq1,1,a\nq1,0,b\nq1,0,b\nq2,1,a\nq2,1,a\nq2,1,a\n"
    records, _ = read_any([put("r.csv", text)])
    assert records.score_MN.tolist() == [[pytest.approx(1 / 3), 1]]
    assert records.answers[0].to_list() == ["b", "a"]
    assert records.manifest.notes == (
        f"{put('r.csv', text)}: 2 of 2 examples are in several rows, whose scores are averaged, "
        "and no column tells these apart.",
        f"{put('r.csv', text)}: up to 3 repeats of an example; scores are averaged within it, its "
        "answer is the most frequent one (the first of equals).",
    )


def test_graded_scores_compare_answers_by_text_alone(put):
    records, _ = read_any([put("g.csv", "example_id,score,answer\nq1,0.25,a\nq2,0.75,b\n")])
    assert (records.outcome, records.manifest.classes) == ("mean score", ("answer 1",))
    assert (records.label_N == -1).all()
    assert records.outcome_known


def test_without_answers_right_and_wrong_are_the_answers(put):
    records, _ = read_any([put("s.csv", "example_id,correct\nq1,true\nq2,False\n")])
    assert records.correct_MN.tolist() == [[1, 0]]
    assert records.pred_MN.tolist() == [[0, 1]]


def test_an_example_without_an_outcome_counts_nowhere(put):
    records, _ = read_any([put("n.csv", "example_id,score,answer\nq1,1,a\nq2,,b\n")])
    assert np.isnan(records.correct_MN[0, 1])
    assert records.pred_MN.tolist() == [[0, -1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "example_id,score\nq1,7\nq2,1\n",
            "column 'score' reaches from 1 to 7 (1 of 2 are not between 0 and 1); expected 0 for the "
            "worst answer and 1 for the best; add --scale WORST,BEST with the ends of its scale, "
            "which only you know: the number of the worst answer, then that of the best (6,1 where 1 "
            "is the best grade, 1,6 where 6 is)",
        ),
        (
            "example_id,score\nq1,often\n",
            "column 'score' has 'often' for 'q1', which is no number (1 of 1 rows); write a number "
            "from 0 to 1, or true or false, or empty the cell: --missing wrong then counts it as "
            "wrong, and --allow-partial leaves its example out",
        ),
        (
            "example_id,score\nq1,inf\nq2,1\n",
            "column 'score' is inf in 1 of 2 rows; expected a number between 0 and 1, or an empty cell",
        ),
        ("example_id,score\n", "has a header and no rows; expected one row per example"),
        ("example_id,score,member\nq1,1,\n", "1 of 1 rows have no member; fill them in"),
        (
            "example_id,score\n,1\nq2,0\n",
            "1 of 2 rows have no example_id; fill them in, or leave them out with --allow-partial",
        ),
    ],
)
def test_refused(put, text, said):
    path = put("bad.csv", text)
    assert refused([path]) == f"{path}: {said}"


@pytest.mark.parametrize("name", ["quality", "Helpfulness", "bleu"])
def test_how_a_grade_is_read_is_said_where_its_name_does_not(put, name: str) -> None:
    path = put("g.csv", f"example_id,{name}\nq1,0.25\nq2,0.75\n")
    records, about = read_any([path], score=name)
    assert records.manifest.notes == (
        f"{path}: column {name!r} is read as a grade, of which more is better.",
    )
    assert about == (
        f"{path}: CSV (a header with example_id and {name}, no prediction): 1 member, 2 examples, "
        f"outcome score; {path}: column {name!r} is read as a grade, of which more is better."
    )
    both = read_any([path, put("h.csv", path.read_text())], score=name)[0].manifest.notes
    assert both == records.manifest.notes
    # As asked, a loss is read the same way, and that is said.
    loss = put("l.csv", "example_id,loss\nq1,0.25\n")
    _, about = read_any([loss], score="loss", format="graded table")
    assert about.endswith("column 'loss' is read as a grade, of which more is better.")


@pytest.mark.parametrize(
    ("header", "score"),
    [("score", None), ("correct", None), ("f1", "f1"), ("isCorrect", "isCorrect"), ("acc", "acc")],
)
def test_names_of_grades_need_no_note(put, header: str, score: str | None) -> None:
    path = put("g.csv", f"example_id,{header}\nq1,0.25\nq2,0.75\n")
    assert read_any([path], score=score)[0].manifest.notes == ()


def test_each_kind_of_note_on_columns_is_said_once(put):
    path = put("g.csv", "example_id,quality,response\nq1,0.25,It is\nq2,0.75,So\n")
    again = put("h.csv", path.read_text())
    _, about = read_any([path, again], score="quality")
    assert about.partition("outcome score")[2] == (
        f"; {path}: 'response' looks like what the model wrote: add --answer response; {path}: column "
        "'quality' is read as a grade, of which more is better."
    )


def test_clusters_are_found_or_named(put):
    text = "example_id,score,passage,page\nq1,1,p,1\nq2,0,p,1\nq3,1,q,2\n"
    path = put("c.csv", text)
    found = read_any([path])[0]
    assert found.examples["cluster"].to_list() == ["p", "p", "q"]
    assert found.manifest.notes == (
        "Examples with one value of 'passage' are taken as one cluster; --cluster COLUMN takes "
        "another, none takes none.",
    )
    assert read_any([path], cluster="page")[0].examples["cluster"].to_list() == ["1", "1", "2"]
    assert refused([path], cluster="pgae") == (
        "--cluster pgae: the examples have no such column; they have passage, page"
    )


def test_clusters_that_cannot_be_read_are_refused_unless_others_are_asked_for(put):
    rows = [{"example_id": f"q{n}", "score": 0.5, "cluster": ["a"], "lang": "fr"} for n in range(4)]
    path = put("old.jsonl", "\n".join(map(json.dumps, rows)))
    for asked in (None, "cluster"):
        assert refused([path], cluster=asked) == (
            f"{path}: column 'cluster' holds List(String); expected one text or number per row; "
            "name another column with --cluster COLUMN, or write --cluster none if the examples are "
            "independent"
        )
    for asked in ("lang", "none"):
        records, _ = read_any([path], cluster=asked)
        assert records.manifest.clustering.column == (None if asked == "none" else asked)


TYPE = (
    "expected 0 for the worst answer and 1 for the best; add --scale WORST,BEST with the ends of its "
    "scale, which only you know: the number of the worst answer, then that of the best (6,1 where 1 "
    "is the best grade, 1,6 where 6 is)"
)


def test_grades_of_both_sides_are_asked_for_their_scale_at_once(
    put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, grade in (("a", 5), ("b", 4), ("c", 8)):
        put(
            f"{name}.csv", "\n".join(["id,rating", "q0,1", *(f"q{n},{grade}" for n in range(1, 9))])
        )

    def said(old: str | pl.DataFrame, new: str) -> str:
        with pytest.raises(UserError) as caught:
            undertow.compare(old, new, id="id", score="rating")
        return str(caught.value)

    begins = "a.csv: column 'rating' reaches from 1 to 5 (8 of 9 are not between 0 and 1); "
    python = TYPE.replace("--scale WORST,BEST", "scale=(WORST, BEST)")

    def both(other: str) -> str:
        """What is said where another file reaches as far as it does."""
        also = python.replace("best; add", f"best; column 'rating' in {other}; add")
        return f"{begins}{also}"

    assert said("a.csv", "b.csv") == both("b.csv reaches from 1 to 4")
    assert said("a.csv", "c.csv") == both("c.csv reaches from 1 to 8")
    assert said(pl.read_csv("a.csv"), "b.csv") == both("b.csv reaches from 1 to 4").replace(
        "a.csv", "old"
    )
    for old in ("a.csv", pl.read_csv("a.csv")):
        found = undertow.compare(old, "b.csv", id="id", score="rating", scale=(1, 5))
        assert found.audit.variants[0].arm.accuracy == pytest.approx(0.75 * 8 / 9)
        turned = undertow.compare(old, "b.csv", id="id", score="rating", scale="5,1")
        assert turned.audit.variants[0].arm.accuracy == pytest.approx(1 - 0.75 * 8 / 9)


def test_rows_of_one_example_are_averaged_and_said_to_be_perhaps_members(put) -> None:
    rows = [f"q{q},r{r},{(q + r) % 2}" for q in range(4) for r in range(3)]
    path = put("a.csv", "\n".join(["qid,rater,score", *rows]))
    records, about = read_any([path], id="qid")
    assert records.M == 1
    assert about.endswith(
        f"; {path}: 4 of 4 examples are in several rows, whose scores are averaged; 'rater' tells "
        "these apart: to compare members, add --member rater."
    )
    again = put("c.csv", "example_id,score\n1,1\n1,0\n2,1")
    assert read_any([again])[1].endswith(
        f"; {again}: 1 of 2 examples are in several rows, whose scores are averaged, and "
        "no column tells these apart."
    )
    assert read_any([path], id="qid", member="rater")[0].M == 3
    predicted = put("b.csv", "\n".join(["qid,rater,prediction", *rows]))
    with pytest.raises(UserError) as caught:
        read_any([predicted], id="qid")
    assert str(caught.value) == (
        f"{predicted}: 4 example ids appear more than once, first 'q0'; remove the repeats (or name "
        "the members with --member rater), or leave all rows of these ids out with --allow-partial"
    )
    assert read_any([predicted], id="qid", member="rater")[0].M == 3


@pytest.mark.parametrize(
    ("values", "ways"),
    [
        (["2", "4.5"], ("2,4.5", "4.5,2")),
        (["0", "5"], ("0,5", "5,0")),
        (["40", "99"], ("40,99", "99,40")),
        (["-1", "1"], ("-1,1", "1,-1")),
    ],
)
def test_no_end_of_a_scale_is_made_up(put, values: list[str], ways: tuple[str, str]) -> None:
    path = put("a.csv", f"example_id,score\nq1,{values[0]}\nq2,{values[1]}\n")
    outside = sum(not 0 <= float(value) <= 1 for value in values)
    assert refused([path]) == (
        f"{path}: column 'score' reaches from {values[0]} to {values[1]} ({outside} of 2 are not "
        f"between 0 and 1); {TYPE}"
    )
    for way, scores in zip(ways, ([[0, 1]], [[1, 0]]), strict=True):
        records, about = read_any([path], scale=way)
        assert records.score_MN.tolist() == scores
        worst, best = way.split(",")
        assert about.endswith(
            f"{path}: column 'score' is read as a grade that goes from {worst}, the worst, to "
            f"{best}, the best."
        )
        assert records.manifest.conditions == {
            "grades": f"from {worst}, the worst, to {best}, the best"
        }


@pytest.mark.parametrize("given", ["WORST,BEST", "6", "6,1,2", "6,6", "6,inf", "6 1", 6, (6, True)])
def test_a_scale_is_two_different_numbers(given: object) -> None:
    with pytest.raises(UserError) as caught:
        Reading(scale=given)  # type: ignore[arg-type]
    typed = {6: "6", (6, True): "6,True", "6 1": "'6 1'"}.get(given, given)  # type: ignore[call-overload]
    assert str(caught.value) == (
        f"--scale {typed}: are no two different numbers; write --scale WORST,BEST: the number of the "
        "worst answer, then that of the best (6,1 where 1 is the best grade, 1,6 where 6 is)"
    )


def test_a_scale_that_does_not_fit_is_refused(put, tmp_path: Path) -> None:
    path = put("a.csv", "example_id,grade\nq1,1\nq2,6\nq3,\n")
    assert refused([path], score="grade", scale="5,1") == (
        f"{path}: column 'grade' is 6 for 'q2', beyond --scale 5,1 (1 of 2 rows); write the ends of "
        "its scale, the worst first: the column reaches from 1 to 6"
    )
    signs = put("b.csv", "example_id,wer\nq1,20 %\nq2,60 %\n")
    assert refused([signs], score="wer", scale="100,0") == (
        f"--scale 100,0: cells of column 'wer' in {signs} have the sign %, so they are read from 0 "
        "to 1; write --scale WORST,BEST, which is 0,1 where more is better and 1,0 where less is"
    )
    assert read_any([signs], score="wer", scale="1,0")[0].score_MN.tolist() == [
        [pytest.approx(0.8), pytest.approx(0.4)]
    ]
    likely = put("c.csv", "example_id,risk,label\nq1,20,1\nq2,60,0\n")
    assert refused([likely], score="risk", scale="0,100") == (
        f"--scale 0,100: is of grades, and column 'risk' in {likely} is called a probability, by "
        "which a surer model would look better; leave --scale out, and beside a label of two values "
        "give the score above which it decides with --threshold NUMBER"
    )
    classes = put("d.csv", "example_id,prediction\nq1,a\nq2,b\n")
    assert refused([classes], scale="0,100") == (
        "--scale 0,100: 'd' has classes, and a scale is of a column of grades; leave --scale out, or "
        "name that column with --score COLUMN"
    )
    write_records(read_any([path], score="grade", scale="6,1")[0], tmp_path / "six")
    assert read_any([tmp_path / "six"], scale="6,1")[0].N == 3
    assert refused([tmp_path / "six"], scale="1,6") == (
        "--scale 1,6: 'a' was converted with grades from 6, the worst, to 1, the best; convert its "
        "table again with --scale 1,6, or leave --scale out"
    )
    write_records(read_any([put("e.csv", "example_id,score\nq1,1\n")])[0], tmp_path / "plain")
    assert refused([tmp_path / "plain"], scale="1,6") == (
        "--scale 1,6: 'e' was not read with it: its scores go from 0 to 1 already, and more is "
        "better; leave --scale out, or convert its table again with it"
    )


def test_blanks_around_words_of_grades_do_not_count(put):
    rows = [{"example_id": "a", "score": " Incorrect"}, {"example_id": "b", "score": "correct "}]
    records, _ = read_any([put("a.jsonl", "\n".join(map(json.dumps, rows)))])
    assert records.score_MN.tolist() == [[0.0, 1.0]]


def test_a_table_without_grades_that_was_asked_to_be_read_as_one(put):
    path = put("a.csv", "qid,grade\nq1,1\nq2,0\n")
    assert refused([path], format="graded table") == (
        f"{path}: has no column 'example_id'; it has 'qid', 'grade'; name its columns with --id qid "
        "--score grade"
    )
    assert refused([path], format="graded table", id="qid") == (
        f"{path}: has no column 'score'; it has 'example_id', 'grade'; name its columns with "
        "--score grade"
    )


def test_the_outcome_that_is_not_used_is_said(put):
    path = put("a.csv", "example_id,score,correct\n1,1,0\n2,0,1\n")
    records, _ = read_any([path])
    assert records.score_MN.tolist() == [[1, 0]]
    assert records.manifest.notes == (
        f"{path}: column 'correct' is not used, as 'score' is there.",
    )
    path = put("b.csv", "example_id,f1,correct\n1,1,0\n2,0,1\n")
    records, _ = read_any([path], score="f1")
    assert records.manifest.notes == (f"{path}: column 'correct' is not used, as 'f1' is there.",)


WROTE = "a.csv: 'completion' looks like what the model wrote: add --answer completion"


def test_what_the_model_wrote_goes_by_the_name_that_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("example_id,score,completion\nq0,1,It is Paris\nq1,0,It is Rome\n")
    records, about = read_any([path])
    assert about.endswith(f"; {tmp_path}/{WROTE}")
    assert records.names_of(np.arange(2), records.pred_MN[0]).to_list() == ["scored 1", "scored 0"]
    records, about = read_any([path], answer="completion")
    assert "looks like" not in about
    assert records.names_of(np.arange(2), records.pred_MN[0]).to_list() == [
        "It is Paris",
        "It is Rome",
    ]


def test_numbers_and_columns_that_readers_know_are_not_taken_for_what_was_written(
    tmp_path: Path,
) -> None:
    for name, header, value in (
        ("a", "generation", "1"),
        ("b", "answer,response", "x,It is Paris"),
        ("c", "remark", "It is Paris"),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"example_id,score,{header}\nq0,1,{value}\nq1,0,{value}\n")
        assert "looks like" not in read_any([path])[1]


def test_the_refusal_names_what_the_model_wrote_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("qid,is_correct,response\n0,1,It is Paris\n1,0,It is Rome\n")
    assert refused([path]) == (
        f"{path}: has no column 'example_id'; it has 'qid', 'is_correct', 'response'; name its "
        "columns with --id qid --score is_correct --answer response"
    )


def test_what_the_model_wrote_wants_a_score(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,response,gold\n0,It is Paris,Paris\n1,It is Rome,Oslo\n")
    assert refused([path], id="id", answer="response") == (
        f"--answer response: {path} has no score that says how good each answer is; give its "
        "column with --score, or compare classes with --prediction response"
    )
    assert refused([path], id="id", prediction="response", label="gold") == (
        f"{path}: column 'response' holds no classes: its values are 'It is Paris', 'It is Rome', "
        "and those of 'gold' are 'Oslo', 'Paris'; write 'response' in the same words as 'gold'; "
        "or, if 'response' is what a model wrote, grade each answer from 0 to 1 and give --score "
        "COLUMN --answer response"
    )
