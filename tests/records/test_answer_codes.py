"""Answers in words get codes that say only which of them are the same answer."""

from __future__ import annotations

import numpy as np
import polars as pl

from undertow.records.answer_codes import (
    answer_classes,
    are_numbers,
    are_scores,
    code_answers,
    scored,
)

A = pl.Series(["x", "x", "y", None, "right"])
B = pl.Series(["x", "z", "z", "q", "also right"])
C = pl.Series(["w", "x", "z", None, "wrong"])


def test_by_text_alone():
    code_MN = code_answers([A, B, C], None)
    assert code_MN[0, 0] == code_MN[1, 0] != code_MN[2, 0]
    assert sorted(set(code_MN[:, 1].tolist())) == [0, 1]
    assert code_MN[:, 3].tolist() == [-1, 0, -1]
    assert sorted(code_MN[:, 4].tolist()) == [0, 1, 2]
    assert answer_classes(code_MN, graded=True) == ("answer 1", "answer 2", "answer 3")


def test_right_answers_are_one_answer():
    right_MN = np.zeros((3, 5), bool)
    right_MN[:2, 4] = True
    code_MN = code_answers([A, B, C], right_MN)
    assert code_MN[:, 4].tolist() == [0, 0, 1]
    assert (code_MN[:, :3] > 0).all()
    assert answer_classes(code_MN, graded=False) == ("right", "wrong 1", "wrong 2")


def test_codes_equal_a_slow_count():
    rng = np.random.default_rng(0)
    texts = rng.choice(["a", "b", "c", "d", None], size=(7, 200))
    right_MN = rng.random((7, 200)) < 0.3
    right_MN &= np.array([[t is not None for t in row] for row in texts])
    code_MN = code_answers([pl.Series(row.tolist(), dtype=pl.String) for row in texts], right_MN)
    for n in range(200):
        said = ["RIGHT" if right_MN[m, n] else texts[m, n] for m in range(7)]
        for a in range(7):
            assert (code_MN[a, n] == -1) == (said[a] is None)
            assert (code_MN[a, n] == 0) == (said[a] == "RIGHT")
            assert [code_MN[a, n] == code_MN[b, n] for b in range(7)] == [
                said[a] == said[b] for b in range(7)
            ]
        assert set(code_MN[:, n]) - {-1, 0} == set(range(1, 1 + len(set(said) - {None, "RIGHT"})))


def test_the_worst_of_a_turned_scale_is_a_score_too():
    """6 of a scale from 6 to 1 is 0, however its zero is signed."""
    assert are_scores(pl.Series([scored(-0.0), scored(0.25), None]))


def test_numbers_are_no_wordings():
    assert are_numbers(pl.Series(["3", "4.5", "-1", "20 %", None]))
    assert not are_numbers(pl.Series(["3", "about 4"]))
    assert not are_numbers(pl.Series([None], dtype=pl.String))
