"""A blessed reference stays the one that was approved; suggested limits come from the reference's own runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.blessing import bless, fingerprint, read_blessing
from undertow.audit.gate.policy import parse_policy
from undertow.audit.gate.suggest import decidable, suggested_policy
from undertow.errors import UserError


def test_the_fingerprint_is_of_content_alone():
    old, new = worlds.flipped_world(100, 3, 0, repeat=(2, 2))
    shuffled = old.take_examples(np.random.default_rng(0).permutation(100)).take_members([1, 0])
    assert fingerprint(shuffled) == fingerprint(old)
    assert fingerprint(new) != fingerprint(old)
    assert fingerprint(old.take_members([0])) != fingerprint(old)


def test_a_policy_refuses_another_reference(tmp_path: Path):
    old, new = worlds.flipped_world(100, 0, 0)
    (tmp_path / "blessed.json").write_text(bless(old).model_dump_json())
    policy = parse_policy('blessed = "blessed.json"\n[[max_drop]]\npoints = 20\n', tmp_path / "gate.toml")
    assert gate(old, [new], policy).verdict == "pass"
    drifted, _ = worlds.flipped_world(100, 0, 0, right=0.7)
    result = gate(drifted, [new], policy)
    assert (result.verdict, result.exit_code) == ("not comparable", 3)
    assert (
        f"is not the one that {tmp_path / 'blessed.json'} blesses: 100 examples, 1 members, accuracy 0.7500"
        in result.reason
    )


def test_no_blessing(tmp_path: Path):
    (tmp_path / "b.json").write_text('{"format": "other"}')
    for name, said in (
        ("b.json", "is no blessing (undertow-blessed/1); make it with undertow bless"),
        ("c.json", "the blessing cannot be read (No such file or directory); make it with undertow bless"),
    ):
        with pytest.raises(UserError) as caught:
            read_blessing(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {said}"


def test_one_run_has_no_floor_to_suggest_from():
    old, _ = worlds.flipped_world(100, 0, 0)
    with pytest.raises(UserError, match="'old' is one run, so it has no floor"):
        suggested_policy(old, ())


def test_a_suggested_policy_is_a_policy_that_the_repeat_run_passes():
    names = {"language": ["en", 'd"e\n'] * 1000}
    old, _ = worlds.flipped_world(2000, 0, 0, repeat=(12, 10), slices=names)
    text = suggested_policy(old, ("language",))
    policy = parse_policy(text)
    assert [rule.name for rule in policy.rules] == ["max_drop", "worst_slice_drop", "max_churn", "max_new_errors"]
    again = old.take_members([1])
    again = type(again)(again.manifest.model_copy(update={"name": "again"}), again.examples, again.pred_MN)
    first = old.take_members([0, 1])
    assert gate(first, [again], policy).verdict == "pass"


@pytest.mark.parametrize(("variance", "n"), [(0.02, 1000), (0.1, 300)])
def test_decidable_is_what_eighty_per_cent_of_unchanged_models_pass(variance, n):
    """Simulated: no change in truth, discordance ``variance``."""
    limit, rng = decidable(variance, n), np.random.default_rng(1)
    counts = rng.multinomial(n, [variance / 2, variance / 2, 1 - variance], size=400)
    from undertow.audit.stats.mcnemar import non_inferior

    passed = np.mean([non_inferior(lost, gained, n, limit).holds for lost, gained, _ in counts.tolist()])
    assert 0.74 < passed < 0.88
