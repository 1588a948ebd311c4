"""Numbers written in per cent: what they are exactly, and cells or columns on two scales."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import UserError
from undertow.files import Request, Sides, read_sides
from undertow.records.formats.columns.commands.fractions import of_probabilities
from undertow.records.formats.decoding.typed import number_of, per_cent
from undertow.records.formats.detect import read_any
from undertow.records.formats.logs.outcome import Values, choose_outcome
from undertow.records.reading import Reading

ONE = [f"{k // 10}.{k % 10}" for k in range(1001)]
TWO = [f"{k // 100}.{k % 100:02d}" for k in range(10001)]
EXACT = [float(f"{text}e-2") for text in ONE + TWO]
ASKED = {"score": "risk", "label": "fraud"}
READ = '.str.replace("%", "").str.strip_chars().str.replace(",", ".").cast(float) / 100).round(12)'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(rows: dict[str, list[Any]], name: str = "a.csv", separator: str = ",") -> Path:
    count = len(next(iter(rows.values())))
    frame = pl.DataFrame({"example_id": [f"t{k}" for k in range(count)], **rows})
    frame.write_csv(name, separator=separator)
    return Path(name)


def refusal(path: Path, **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([path], **asked)
    return str(caught.value)


def done(message: str) -> None:
    """Types the command that stands in a message."""
    begins = message.index("python -c ")
    words = shlex.split(message[begins:])
    suggested.run(words[2].rstrip(";"))


@pytest.mark.parametrize("write", ["{} %", "{}%", " {}\u00a0% "])
@pytest.mark.parametrize("mark", [".", ","])
def test_per_cent_is_the_number_that_its_text_says(write: str, mark: str) -> None:
    """To the bit: 1.1 % lies at a threshold of 0.011 and not above it."""
    cells = pl.Series([write.format(text.replace(".", mark)) for text in ONE + TWO])
    assert number_of(cells).to_list() == EXACT


def test_per_cent_of_other_spellings() -> None:
    assert number_of(pl.Series(["1e1 %", "-3.3 %", "+.5 %", "7. %", "x %", None])).to_list() == [
        0.1, -0.033, 0.005, 0.07, None, None,
    ]  # fmt: skip
    assert per_cent(pl.Series(["nan", "inf"]))[1] == float("inf")


def test_a_metric_in_per_cent_is_exact_too() -> None:
    number_N = np.array([*map(float, ONE), np.nan])
    got = choose_outcome("log", {"bleu": Values(number_N)}, "bleu")
    assert got.score_N[:-1].tolist() == EXACT[: len(ONE)]
    assert np.isnan(got.score_N[-1])


def test_a_scaled_column_is_exact_too() -> None:
    """Which is what the command makes that a refusal suggests."""
    frame = pl.DataFrame({"risk": ONE + TWO})
    way = of_probabilities(put({"risk": frame["risk"].to_list()}), "risk", frame["risk"], ())
    done("".join(way))
    assert pl.read_csv("a-scaled.csv")["risk"].to_list() == EXACT


def test_equal_models_are_equal_at_any_threshold_whatever_their_spelling() -> None:
    fraud = [0, 1] * 500
    old = put({"risk": [f"{text} %" for text in ONE[1:]], "fraud": fraud}, "old.csv")
    new = put({"risk": [float(f"{text}e-2") for text in ONE[1:]], "fraud": fraud}, "new.csv")
    for threshold in (0.009, 0.011, 0.07, 0.29):
        sides = [read_any([path], threshold=threshold, **ASKED)[0] for path in (old, new)]
        np.testing.assert_array_equal(sides[0].pred_MN, sides[1].pred_MN)
        assert int((sides[0].pred_MN == 0).sum()) == round(1000 * threshold)


def test_cells_with_and_without_the_sign_are_two_scales() -> None:
    rows = {"risk": ["12.3 %", "8.7", "0", None, "0.5 %"], "fraud": [0, 1, 0, 1, 0]}
    message = refusal(put(rows), threshold=0.2, **ASKED)
    assert message == (
        "a.csv: column 'risk' has '12.3 %' for 't0' and '8.7' for 't1' (2 cells with % and 1 "
        "without), which are two scales; if all are per cent, write them as fractions: python -c "
        '\'import polars as pl; pl.read_csv("a.csv", infer_schema=False).with_columns(('
        f'pl.col("risk"){READ}).write_csv("a-scaled.csv")\'; else write all of them in one way'
    )
    done(message)
    made = pl.read_csv("a-scaled.csv")["risk"].to_list()
    assert made == [0.123, 0.087, 0.0, None, 0.005]


def test_zeros_and_blanks_are_on_any_scale() -> None:
    rows = {"risk": ["12.3 %", "0", "0.0", "90 %"], "fraud": [0, 1, 0, 1]}
    assert read_any([put(rows)], **ASKED)[0].pred_MN.tolist() == [[0, 0, 0, 1]]


def test_two_scales_among_grades_and_probabilities_of_classes() -> None:
    begins = (
        "a.csv: column '{}' has '80 %' for 't0' and '0.9' for 't1' (1 cells with % and 1 without)"
    )
    assert refusal(put({"score": ["80 %", "0.9"]})).startswith(begins.format("score"))
    rows = {"p_a": ["80 %", "90"], "p_b": ["20 %", "10"], "p_c": ["0 %", "0 %"]}
    message = refusal(put(rows))
    assert message.startswith(begins.format("p_a").replace("0.9", "90"))
    done(message)  # Both at once.
    made = pl.read_csv("a-scaled.csv", infer_schema=False)
    assert made.select("p_a", "p_b").rows() == [("0.8", "0.2"), ("0.9", "0.1")]


def test_columns_in_plain_per_cent_beside_mixed_ones_are_mended_with_them() -> None:
    message = refusal(put({"p_a": ["80 %", "90"], "p_b": ["20", "10"]}))
    done(message)
    made = pl.read_csv("a-scaled.csv", infer_schema=False)
    assert made.select("p_a", "p_b").rows() == [("0.8", "0.2"), ("0.9", "0.1")]


def test_cells_without_the_sign_may_be_fractions() -> None:
    rows = {"risk": ["80 %", "0.3", None], "fraud": [1, 0, 1]}
    message = refusal(put(rows), threshold=0.2, **ASKED)
    first, second = message.split("; if only those with % are, ")
    cell = 'pl.col("risk").str.replace("%", "").str.strip_chars().str.replace(",", ".").cast(float)'
    assert second == (
        'python -c \'import polars as pl; pl.read_csv("a.csv", infer_schema=False).with_columns('
        f'pl.when(pl.col("risk").str.contains("%")).then(({cell} / 100).round(12)).otherwise({cell}))'
        '.write_csv("a-scaled.csv")\'; else write all of them in one way'
    )
    assert first.endswith('.write_csv("a-scaled.csv")\'')
    done(second)
    assert pl.read_csv("a-scaled.csv")["risk"].to_list() == [0.8, 0.3, None]
    two = refusal(put({"p_a": ["80 %", "0.9"], "p_b": ["0.2", "10 %"]}))
    done(two.split("; if only those with % are, ")[1])
    made = pl.read_csv("a-scaled.csv", infer_schema=False)
    assert made.select("p_a", "p_b").rows() == [("0.8", "0.2"), ("0.9", "0.1")]


def test_a_cell_that_is_no_number_goes_before_two_scales() -> None:
    """The command would fail at it."""
    rows = {"p_a": ["80 %", "90", "n/a"], "p_b": ["20 %", "10", "3"]}
    assert refusal(put(rows)).startswith(
        "a.csv: column 'p_a' has 'n/a' for 't2', which is no number"
    )


def test_answers_of_nothing_but_0_and_100_per_cent() -> None:
    rows = {"fraud": ["yes", "no", "no"], "risk": ["100%", "0 %", None]}
    message = refusal(put(rows), **ASKED)
    cell = 'pl.col("risk").str.replace("%", "").str.strip_chars().str.replace(",", ".").cast(float)'
    assert message == (
        "a.csv: column 'risk' holds nothing but 0 % and 100 % beside 'fraud'; if it is the predicted "
        "class, write it in the words of 'fraud': python -c 'import polars as pl; "
        f'pl.read_csv("a.csv", infer_schema=False).with_columns(pl.when({cell} > 0)'
        f'.then(pl.lit("yes")).when({cell} == 0).then(pl.lit("no")).alias("prediction"))'
        '.write_csv("a-answers.csv")\'; if it says whether an answer is right, add --format '
        "'graded table'"
    )
    done(message)
    made = pl.read_csv("a-answers.csv")["prediction"].to_list()
    assert made == ["yes", "no", None]
    records, _ = read_any([Path("a-answers.csv")], allow_partial=True, **ASKED)
    assert records.pred_MN.tolist() == [[1, 0]]


@pytest.mark.parametrize("cell", ["n/a", "<1%"])
def test_one_cell_that_is_no_number_is_named(cell: str) -> None:
    """Beside labels of two values, by which the others are probabilities."""
    rows = {"risk": [cell, "3 %", "40 %", "90 %"], "fraud": ["no", "yes"] * 2}
    assert refusal(put(rows), threshold=0.2, **ASKED) == (
        f"a.csv: column 'risk' has '{cell}' for 't0', which is no number (1 of 4 rows); write a "
        "number, or empty the cell: --missing wrong then counts it as wrong, and --allow-partial "
        "leaves its example out"
    )
    rows["risk"][0] = None  # type: ignore[call-overload]
    records, _ = read_any([put(rows)], threshold=0.2, allow_partial=True, **ASKED)
    assert records.example_id_N.to_list() == ["t1", "t2", "t3"]


@pytest.mark.parametrize("sign", ["", " %"])
def test_two_columns_of_classes_in_per_cent(sign: str) -> None:
    """With the sign they are fractions, without it the refusal scales them: the same answers."""
    fraud = ["fraud", "legit"] * 2
    cells = [f"{value}{sign}" for value in (2.22, 97.5, 20.0, 20.1)]
    others = [f"{value}{sign}" for value in (97.78, 2.5, 80.0, 79.9)]
    path = put({"p_fraud": cells, "p_legit": others, "label": fraud})
    asked: dict[str, Any] = {"threshold": 0.2, "positive": "fraud"}
    if not sign:
        message = refusal(path, **(asked | {"threshold": 20}))
        assert message == refusal(path, **asked)
        assert message == (
            "a.csv: 'p_fraud' and 'p_legit' sum to 100 in every row, so they are per cent; expected "
            "probabilities from 0 to 1, and a threshold of 20 % as --threshold 0.2; write them as "
            'fractions, python -c \'import polars as pl; pl.read_csv("a.csv", infer_schema=False)'
            '.with_columns((pl.col("p_fraud", "p_legit").cast(float) / 100).round(12))'
            '.write_csv("a-scaled.csv")\''
        )
        done(message)
        path = Path("a-scaled.csv")
    records, _ = read_any([path], **asked)
    assert [records.classes[k] for k in records.pred_MN[0]] == ["legit", "fraud", "legit", "fraud"]


def test_many_columns_of_classes_in_per_cent_are_scaled_by_their_pattern() -> None:
    path = put({f"p_{k}": ["91"] if k == 0 else ["1"] for k in range(10)}, separator=";")
    message = refusal(path)
    assert message == (
        "a.csv: 'p_0', 'p_1' and the like sum to 100 in every row, so they are per cent; expected "
        "probabilities from 0 to 1, and a threshold of 20 % as --threshold 0.2; write them as "
        'fractions, python -c \'import polars as pl; pl.read_csv("a.csv", infer_schema=False, '
        'separator=";").with_columns((pl.col("^p_.+$").cast(float) / 100).round(12))'
        '.write_csv("a-scaled.csv", separator=";")\''
    )
    done(message)
    assert read_any([Path("a-scaled.csv")])[0].pred_MN.tolist() == [[0]]


def test_in_python_the_refusal_has_what_to_add_to_the_frame() -> None:
    frame = pl.DataFrame({"example_id": [1, 2], "fraud": [0, 1], "risk": ["1,5%", "3"]})
    with pytest.raises(UserError) as caught:
        undertow.compare(frame, frame, **ASKED)
    assert str(caught.value) == (
        "old: column 'risk' has '1,5%' for '1' and '3' for '2' (1 cells with % and 1 without), which "
        "are two scales; if all are per cent, write them as fractions: old.with_columns((pl."
        f'col("risk"){READ}); else write all of them in one way'
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("cut", "said"),
    [(None, ""), (20.0, " with --threshold 0.2"), (0.2, "")],
    ids=["half", "per cent", "share"],
)
@pytest.mark.parametrize("turned", [False, True])
def test_per_cent_beside_fractions_are_scaled_whatever_the_threshold(
    cut: float | None, said: str, turned: bool
) -> None:
    share = [0.125, 0.875, 0.25, 0.75, 0.5, 0.9774]
    put({"risk": [100 * s for s in share], "fraud": [0, 1] * 3}, "cents.csv")
    put({"risk": share, "fraud": [0, 1] * 3}, "shares.csv")
    reading = Reading(**ASKED, threshold=cut)

    def sides(first: str) -> Sides:
        both = [Path(first), Path("shares.csv")]
        return read_sides(Request([both[turned]], [[both[not turned]]], reading))

    with pytest.raises(UserError) as caught:
        sides("cents.csv")
    assert str(caught.value) == (
        "cents.csv: column 'risk' reaches from 12.5 to 97.74, and 'risk' in shares.csv reaches "
        "from 0.125 to 0.9774, so one looks like per cent and the other like fractions; if they "
        f"are, scale the first, and give what this writes{said}: python -c 'import polars as pl; "
        'pl.read_csv("cents.csv", infer_schema=False).with_columns((pl.col("risk").cast(float) / '
        '100).round(12)).write_csv("cents-scaled.csv")\''
    )
    done(str(caught.value))
    reading = Reading(**ASKED, threshold=0.2)
    found = sides("cents-scaled.csv")
    assert found.reference.pred_MN.tolist() == found.variants[0].pred_MN.tolist()
