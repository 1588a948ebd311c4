"""Ideas beside dense twins: planted seconds give planted ratios, in numbers, words and JSON."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from lottery_worlds import CALIBRATION
from undertow.errors import UserError
from undertow.lab.lottery.ideas.idea import Counted
from undertow.lab.lottery.ideas.timed_ideas import ENGINES, key
from undertow.lab.lottery.worker import Ran
from undertow.lab.measurements.roofline import Work
from undertow.lottery import ideas as running
from undertow.lottery.ideas import IdeaSettings, ideas_of, run_ideas
from undertow.lottery.ideas_found import Ideas, ideas_content, ideas_from
from undertow.lottery.ideas_said import ideas_headline, ideas_markdown, ideas_remarks
from undertow.lottery.process import answer_of

TWINS = {"eager": 1.0, "compile": 2.0, "onnxruntime": 0.5, "openvino": 0.8}
ITS = {"eager": 6.0, "compile": 4.0, "openvino": 4.8}
"""Milliseconds of the twin and of the idea."""
SLOWER = {"eager": 6.0, "compile": 2.0, "openvino": 6.0}
SETTINGS = IdeaSettings()
IDEA = Counted("an idea", 4e6, (Work(2e6, 3e6), Work(2e6, 5e6)), Work(4e6, 1e6))
TWIN = Counted("a dense layer", 4e6, (Work(4e6, 1e6),), Work(4e6, 1e6))


def answers(processes: int = 5) -> list[dict]:
    """An idea six times as slow as its twin in eager, and by half faster compiled, which makes its
    twin slower too; the engine that runs the twin fastest does not take the idea."""
    generator = np.random.default_rng(2)
    counted = {"idea": asdict(IDEA), "twin": asdict(TWIN)}
    found = []
    for _ in range(processes):
        whole = np.exp(generator.normal(0, 0.3))
        rows = {}
        for engine in ENGINES:
            for side, planted in (("twin", TWINS), ("idea", ITS)):
                row = Ran("native")
                if engine not in planted:
                    row = Ran("not here", "it has no such operator")
                else:
                    near = np.exp(generator.normal(0, 0.01))
                    row.wall = row.processor = float(1e-3 * planted[engine] * whole * near)
                rows[key("it", side, engine)] = asdict(row)
        found.append({"counted": {"it": counted}, "rows": rows})
    return found


@pytest.fixture(scope="module")
def found() -> Ideas:
    return ideas_of(answers(), CALIBRATION, SETTINGS)


def test_planted_seconds_give_planted_ratios(found: Ideas):
    row = found.row("it")
    for engine, times in SLOWER.items():
        slower = row.engine(engine).slower
        assert slower.ratio == pytest.approx(times, rel=0.02)
        assert slower.low < times < slower.high
        fastest = row.engine(engine).beside_fastest
        assert fastest.ratio == pytest.approx(ITS[engine] / 0.5, rel=0.02)
        assert fastest.low < ITS[engine] / 0.5 < fastest.high
    won = row.engine("compile").won_back
    assert won.ratio == pytest.approx(1.5, rel=0.02)  # And not the 3 by which its loss is less.
    assert won.low < 1.5 < won.high
    assert row.fastest is row.engine("compile")
    assert row.best is row.fastest.beside_fastest
    assert row.engine("eager").won_back is None
    assert (found.clock, found.processes) == ("wall", 5)


def test_what_is_predicted_of_operators_and_of_one_kernel(found: Ideas):
    row = found.row("it")
    assert row.predicted.flops == 1
    assert row.predicted.bytes == pytest.approx(8)
    assert row.predicted.roofline > 2
    assert (row.at_best.flops, row.at_best.bytes, row.at_best.roofline) == (1, 1, 1)


def test_an_engine_that_does_not_take_it_says_why(found: Ideas):
    one = found.row("it").engine("onnxruntime")
    assert (one.status, one.note, one.slower) == ("not here", "it has no such operator", None)
    assert (one.seconds, one.beside_fastest, one.won_back) == ((), None, None)
    assert len(one.twin_seconds) == 5


def test_a_process_in_which_it_fails_takes_its_ratio_away():
    failed = answers()
    failed[3]["rows"]["it/idea/compile"] |= {"status": "error", "note": "why", "wall": None}
    one = ideas_of(failed, CALIBRATION, SETTINGS).row("it").engine("compile")
    assert (one.status, one.note, one.slower, one.won_back) == ("error", "why", None, None)
    failed = answers()
    failed[0]["rows"]["it/twin/eager"] |= {"status": "error", "note": "why", "wall": None}
    row = ideas_of(failed, CALIBRATION, SETTINGS).row("it")
    assert (row.engine("eager").status, row.engine("eager").note) == ("error", "its twin: why")
    assert row.engine("eager").slower is None
    assert row.engine("compile").won_back is not None


def test_json_there_and_back(found: Ideas):
    content = json.loads(json.dumps(ideas_content(found), allow_nan=False))
    assert content["format"] == "undertow-ideas/1"
    assert ideas_from(content) == found
    alone = ideas_of(answers(1), CALIBRATION, SETTINGS)
    back = ideas_from(json.loads(json.dumps(ideas_content(alone), allow_nan=False)))
    assert math.isnan(back.row("it").engine("eager").slower.low)
    assert back.row("it").engine("eager").slower.ratio == pytest.approx(6, rel=0.05)


def test_what_is_no_such_json_is_refused(found: Ideas):
    with pytest.raises(UserError) as error:
        ideas_from({"format": "undertow-lottery/1"})
    assert str(error.value) == (
        "format 'undertow-lottery/1': is not undertow-ideas/1; give what ideas_content wrote"
    )
    content = ideas_content(found)
    del content["rows"]
    with pytest.raises(UserError) as error:
        ideas_from(content)
    assert str(error.value) == (
        "format undertow-ideas/1: a field is missing or unknown ('rows'); give what ideas_content "
        "wrote"
    )


def test_the_table_has_a_ratio_or_a_status_for_each_engine(found: Ideas):
    ratios = {name: found.row("it").engine(name).slower for name in SLOWER}
    said = {n: f"{s.ratio:.2f} × ({s.low:.2f} to {s.high:.2f})" for n, s in ratios.items()}
    best = found.row("it").engine("compile").beside_fastest
    roofline = f"{found.row('it').predicted.roofline:.2f}"
    assert (
        f"| it | 1.00 × | 8.00 × | {roofline} × | 1.00 × | {said['eager']} | {said['compile']} | "
        f"not here | {said['openvino']} | {best.ratio:.2f} × ({best.low:.2f} to {best.high:.2f}) |"
    ) in ideas_markdown(found).splitlines()


def test_the_headline_and_remarks(found: Ideas):
    eager, compiled, openvino = (found.row("it").engine(n) for n in SLOWER)
    assert ideas_headline(found) == (
        "Shown to be slower in eager than a dense network of equal operations: 1 of 1 idea. Most "
        f"is lost by it: {eager.slower.ratio:.2f} × its twin's seconds in eager, and "
        f"{compiled.beside_fastest.ratio:.2f} × where each has its fastest engine."
    )
    assert ideas_remarks(found) == [
        (
            "it",
            "an idea, beside a dense layer (4.0 and 4.0 million operations a batch); onnxruntime: "
            f"it has no such operator; compile runs it {compiled.won_back.ratio:.2f} × as fast as "
            f"eager; openvino runs it {openvino.won_back.ratio:.2f} × as fast as eager",
        )
    ]


def test_an_idea_that_is_faster_is_not_said_to_be_slower():
    quick = answers()
    for answer in quick:
        for name in ("wall", "processor"):
            answer["rows"]["it/idea/eager"][name] /= 10
    assert "operations: 0 of 1 idea. " in ideas_headline(ideas_of(quick, CALIBRATION, SETTINGS))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": 0}, "batch 0: must be at least 1"),
        ({"processes": 0}, "processes 0: must be at least 1"),
        (
            {"only": ("hyena",)},
            "only hyena: there is no such idea; there are capsules, depthwise-separable, grouped, "
            "csr, csr-linear, adder, adder-kernel, butterfly",
        ),
    ],
)
def test_settings_that_mean_nothing_are_refused(given: dict, said: str):
    with pytest.raises(UserError) as error:
        IdeaSettings(**given)
    assert str(error.value) == said


def test_some_are_timed_in_the_order_of_the_table():
    assert IdeaSettings(only=("csr", "capsules")).names == ("capsules", "csr")


def test_each_process_is_asked_the_same_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch):
    asked, told = [], []
    given = iter(answers(2))
    monkeypatch.setattr(
        running, "answer_of", lambda worker, request, *rest: asked.append(request) or next(given)
    )
    found = run_ideas(replace(SETTINGS, processes=2), CALIBRATION, told.append)
    assert asked[0] | {"process": 1} == asked[1]
    assert asked[0]["process"] == 0
    assert (asked[0]["batch"], asked[0]["repeats"], len(asked[0]["names"])) == (32, 15, 8)
    assert told == [
        "process 1 of 2: times ideas and their twins",
        "process 2 of 2: times ideas and their twins",
    ]
    assert found.row("it").engine("eager").slower.processes == 2


def test_a_process_that_ends_without_an_answer_is_told(tmp_path: Path):
    (tmp_path / "dies.py").write_text("import sys; sys.exit('out of memory')")
    (tmp_path / "refuses.py").write_text(
        "import sys; open(sys.argv[2], 'w').write('{\"refused\": \"no\"}')"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(UserError) as error:
            answer_of("dies", {}, tmp_path, lambda ended: f"it {ended.how}; do without")
        assert str(error.value) == (
            "it ended with exit code 1; the last line that it wrote is 'out of memory'; do without"
        )
        with pytest.raises(UserError) as error:
            answer_of("refuses", {}, tmp_path, str)
        assert str(error.value) == "no"
    finally:
        sys.path.remove(str(tmp_path))


@pytest.mark.heavy
def test_the_benchmark_prints_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    import ideas_that_lose

    ideas_that_lose.main([
        "--only", "grouped", "--processes", "2", "--repeats", "1", "--batch", "2",
        "--json", str(tmp_path / "ideas.json"),
    ])  # fmt: skip
    written = ideas_from(json.loads((tmp_path / "ideas.json").read_text()))
    assert ideas_markdown(written) in capsys.readouterr().out
    assert [one.status for one in written.row("grouped").engines] == ["native"] * 4
    assert all(one.slower for one in written.row("grouped").engines)
