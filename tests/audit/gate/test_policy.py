"""A policy that is wrong is refused in one line that names file, line, value and fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.audit.gate.policy import parse_policy, read_policy
from undertow.errors import UserError

WHOLE = """\
level = 0.1
max_gain = 8.0

[[max_drop]]
points = 1.0

[[max_drop]]
points = 3
on = "task=gsm*"
tier = "advisory"

[[worst_slice_drop]]
by = "language"
points = 5.0

[[max_churn]]
points = 2.0
above = "zero"

[[max_new_errors]]
count = 12

[[calibration_shift]]
points = 3.0

[[must_not_flip]]
ids = ["a", "b"]

[[min_realised_speedup]]
ratio = 1.2
"""


def test_a_whole_policy():
    policy = parse_policy(WHOLE)
    assert [rule.name for rule in policy.rules] == [
        "max_drop", "max_drop", "worst_slice_drop", "max_churn", "max_new_errors", "calibration_shift",
        "must_not_flip", "min_realised_speedup",
    ]  # fmt: skip
    assert (policy.level, policy.max_gain) == (0.1, 8.0)
    assert policy.columns() == ("task", "language")
    assert [rule.tier for rule in policy.rules[:2]] == ["required", "advisory"]


REFUSED = {
    "[[max_drop]]\npoints = 1.0\n\n[[max_drop]]\npoints = -2\n": (
        "gate.toml, line 5: max_drop.points = -2: input should be greater than 0"
    ),
    "# nothing\n\n[[max_dorp]]\npoints = 1\n": (
        "gate.toml, line 3: max_dorp is unknown, did you mean [[max_drop]]?"
    ),
    "speed = 1\n[[max_drop]]\npoints = 1\n": (
        "gate.toml, line 1: speed is unknown, write one of level, max_gain, below_chance, at_chance, classes_told, more_is_better, contrary_scale, wide_scale, other_reading, little_to_lose, left_out, identical, blessed, missing, "
        "[[max_drop]], [[worst_slice_drop]], [[max_churn]], [[max_new_errors]], "
        "[[calibration_shift]], [[must_not_flip]], [[min_realised_speedup]]"
    ),
    "levl = 0.1\n[[max_drop]]\npoints = 1\n": (
        "gate.toml, line 1: levl is unknown, did you mean level?"
    ),
    "[[max_drop]]\npoint = 2\n\n[[max_chrun]]\npoints = 1\n": (
        "gate.toml, line 2: max_drop.point is unknown, did you mean points?; also line 4: "
        "max_chrun is unknown, did you mean [[max_churn]]?"
    ),
    "[[max_drop]]\ntier = 'required'\n\n[[max_churn]]\npoint = 2\n": (
        "gate.toml, line 1: max_drop.points is missing, write points = 1.0; also line 5: "
        "max_churn.point is unknown, did you mean points?"
    ),
    "[[worst_slice_drop]]\npoints = 1\n": (
        'gate.toml, line 1: worst_slice_drop.by is missing, write by = "language"'
    ),
    "[[max_drop]]\n" * 6: (
        "; also ".join(
            ["gate.toml, line 1: max_drop.points is missing, write points = 1.0"]
            + [f"line {n}: max_drop.points is missing, write points = 1.0" for n in (2, 3, 4)]
        )
        + "; and 2 more"
    ),
    "[[max_drop]]\npoint = 1\n": (
        "gate.toml, line 2: max_drop.point is unknown, did you mean points?"
    ),
    "[[max_drop]]\npoints = 1\nwhere = 'all'\n": (
        "gate.toml, line 3: max_drop.where is unknown, write one of tier, on, points"
    ),
    "[[max_drop]]\npoints = 1\nbelow_chance = 'allowed'\n": (
        "gate.toml, line 3: max_drop.below_chance is no key of a rule: write below_chance at the top, "
        "before the first rule"
    ),
    "level = 'often'\n[[max_drop]]\npoints = 1\n": (
        "gate.toml, line 1: level = 'often': input should be a valid number"
    ),
    "[[max_drop]]\npoints = "
    "'1'\n": "gate.toml, line 2: max_drop.points = '1': input should be a valid number",
    "max_gain = '9'\n[[max_drop]]\npoints = "
    "1\n": "gate.toml, line 1: max_gain = '9': input should be a valid number",
    "[[max_drop]]\npoints = "
    "true\n": "gate.toml, line 2: max_drop.points = True: input should be a valid number",
    "[[worst_slice_drop]]\nby = 'a'\npoints = 1\nmin_count = '3'\n": (
        "gate.toml, line 4: worst_slice_drop.min_count = '3': input should be a valid integer"
    ),
    "[[max_new_errors]]\ncount = '3'\n": (
        "gate.toml, line 2: max_new_errors.count = '3': input should be a valid integer"
    ),
    "[[min_realised_speedup]]\nratio = '2'\n": (
        "gate.toml, line 2: min_realised_speedup.ratio = '2': input should be a valid number"
    ),
    "[[max_drop]]\npoints = 1\ntier = 'soft'\n": (
        "gate.toml, line 3: max_drop.tier = 'soft': input should be 'required' or 'advisory'"
    ),
    "[[max_drop]]\npoints = 1\non = 'task='\n": (
        "gate.toml, line 3: max_drop.on = 'task=': 'task=' is not a place: write all, a column, or "
        "column=pattern"
    ),
    "[[max_new_errors]]\npoints = 1\ncount = 3\n": (
        "gate.toml, line 1: max_new_errors = {'points': 1, 'count': 3}: give points or count, one "
        "of the two"
    ),
    "[[must_not_flip]]\n": "gate.toml, line 1: must_not_flip = {}: give ids or file",
    "[[must_not_flip]]\nids = "
    "[]\n": "gate.toml, line 1: must_not_flip = {'ids': []}: give ids or file",
    "[[must_not_flip]]\nids = ['a', ' ']\n": (
        "gate.toml, line 1: must_not_flip = {'ids': ['a', ' ']}: one of the ids is empty"
    ),
    "[[max_drop]]\npoints = 1\non = 'all=de'\n": (
        "gate.toml, line 3: max_drop.on = 'all=de': 'all=de' is not a place: all is every example "
        "and has no values; write all"
    ),
    "[[worst_slice_drop]]\nby = 'all'\npoints = 1\n": (
        "gate.toml, line 2: worst_slice_drop.by = 'all': 'all' is not a column; to limit the drop "
        "on all examples write a [[max_drop]]"
    ),
    "[[worst_slice_drop]]\nby = ''\npoints = 1\n": (
        "gate.toml, line 2: worst_slice_drop.by = '': '' is not a column; to limit the drop on all "
        "examples write a [[max_drop]]"
    ),
    "[[max_drop]]\npoints = 1\ntier = 'advisory'\n\n[[must_not_flip]]\nids = ['a']\ntier = "
    "'advisory'\n": (
        "gate.toml: every rule is advisory, so nothing would be decided; take tier out of one, or "
        "write"
        ' tier = "required"'
    ),
    "level = 0.05\n": (
        "gate.toml: has no rule; write one of [[max_drop]], [[worst_slice_drop]], [[max_churn]], "
        "[[max_new_errors]], [[calibration_shift]], [[must_not_flip]], [[min_realised_speedup]]"
    ),
    "[max_drop]\npoints = 1\n": (
        "gate.toml, line 1: max_drop needs two brackets, as there may be several: write "
        "[[max_drop]]"
    ),
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refused(text):
    with pytest.raises(UserError) as caught:
        parse_policy(text)
    assert str(caught.value) == REFUSED[text]


def test_no_toml():
    with pytest.raises(UserError) as caught:
        parse_policy("[[max_drop]\npoints = 1\n")
    assert str(caught.value) == (
        "gate.toml: is not TOML: Expected ']]' at the end of an array declaration (at line 1, "
        "column 11); correct it there"
    )


def test_files_that_are_no_policy(tmp_path: Path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge.toml").write_bytes(b"#" * (1 << 21))
    said = []
    for name in ("none.toml", "bytes.toml", "huge.toml"):
        with pytest.raises(UserError) as caught:
            read_policy(tmp_path / name)
        said.append(str(caught.value).removeprefix(str(tmp_path) + "/"))
    assert said == [
        "none.toml: the policy cannot be read (No such file or directory); check the name",
        "bytes.toml: is not UTF-8 text, so it is not a policy; save it as UTF-8",
        "huge.toml: is larger than 1 MB, the most that is read of such a file; see undertow gate "
        "--help",
    ]


def test_paths_of_a_policy_are_beside_it(tmp_path: Path):
    (tmp_path / "gate.toml").write_text("[[max_drop]]\npoints = 1\n")
    assert read_policy(tmp_path / "gate.toml").folder == tmp_path
