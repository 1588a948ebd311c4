"""Graded tables, and with them what every reader of evaluation logs shares: repeats, members,
clusters, words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from undertow.errors import TableError
from undertow.records import align, read_any, read_population, write_records

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
    with pytest.raises(TableError) as caught:
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
            "score is 7 in 1 of 2 rows; want an outcome between 0 and 1 where more is better, "
            "choose one with --metric",
        ),
        (
            "example_id,score\nq1,often\n",
            "column 'score' is 'often'; want a number between 0 and 1, or true/false",
        ),
        ("example_id,score\n", "has a header and no rows; want one row per example"),
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


def test_clusters_are_found_or_named(put):
    text = "example_id,score,passage,page\nq1,1,p,1\nq2,0,p,1\nq3,1,q,2\n"
    path = put("c.csv", text)
    found = read_any([path])[0]
    assert found.examples["cluster"].to_list() == ["p", "p", "q"]
    assert found.manifest.notes == (
        "Examples that share a passage are taken as one cluster; --cluster COLUMN takes another, "
        "none takes none.",
    )
    assert read_any([path], cluster="page")[0].examples["cluster"].to_list() == ["1", "1", "2"]
    assert refused([path], cluster="pgae") == (
        "--cluster pgae: the examples have no such column; they have passage, page"
    )


def test_blanks_around_words_of_grades_do_not_count(put):
    rows = [{"example_id": "a", "score": " Incorrect"}, {"example_id": "b", "score": "correct "}]
    records, _ = read_any([put("a.jsonl", "\n".join(map(json.dumps, rows)))])
    assert records.score_MN.tolist() == [[0.0, 1.0]]
