"""What a study reads of trainings by arms, from real records of tiny populations, against loops."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from blobs import Blobs
from undertow.audit import Settings, audit
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Embedding, QScore, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.read import read_population
from undertow.study import Results
from undertow.study.grid.drift import drift, linear_cka
from undertow.study.grid.shown import costs, dots, left_out, lines, listed, overlaps, own_heads
from undertow.study.grid.trainings import Grid, between, mean_of
from undertow.study.pairs import Gain
from undertow.study.trained import Trained

pytestmark = pytest.mark.heavy

ARMS = ("dense again", "early 90 %", "late 90 %", "one-shot 90 %")


def populations(training, rate):
    probes = (Embedding(), QScore(), Trace(clean=True, part="test"))
    recipe = Recipe(epochs=3, batch=16, lr=rate)
    dense = Population(f"{training} dense", Blobs(), MLP((12,)), recipe, 3, probes=probes)
    return (
        dense,
        dense.again(f"{training} dense again"),
        dense.under(MagnitudePruning(0.9, 0.0, 0.3), name=f"{training} early 90 %"),
        dense.under(MagnitudePruning(0.9, 0.4, 0.7), name=f"{training} late 90 %"),
        dense.under(
            OneShotPruning(0.9, Recipe(epochs=1)), name=f"{training} one-shot 90 %", probes=probes
        ),
    )


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    out = tmp_path_factory.mktemp("grid")
    trained, audits = {}, {}
    for training, rate in (("slow", 0.02), ("fast", 0.1)):
        folders = [train_population(p, out, runner="loop") for p in populations(training, rate)]
        records = [read_population(folder) for folder in folders]
        audits[training] = audit(records[0], records[1:], Settings(by=("class",), draws=200))
        trained |= {r.name: Trained(f) for r, f in zip(records, folders, strict=True)}
    return Grid(Results(audits["slow"], trained, {"fast": audits["fast"]}))


def test_it_knows_trainings_and_arms(grid):
    assert grid.trainings == ("slow", "fast")
    assert grid.arms("fast") == [*ARMS]
    assert grid.shared("early") == ["early 90 %"]
    assert grid.shared(ending="90 %") == [*ARMS[1:]]
    with pytest.raises(KeyError, match="this scale has no comparison 'other'"):
        grid.within("other")


@pytest.mark.parametrize("arm", ARMS)
def test_members_that_answer_otherwise_than_most_dense_ones(grid, arm):
    dense, members = (grid.of("fast", a).answers for a in ("dense", arm))
    expected = []
    for m, answer_N in enumerate(members.pred_MN):
        shares = []
        for without in [m] if arm.startswith("one-shot") else range(3):
            others = [d for d in range(3) if d != without]
            moved = told = 0
            for n in range(dense.N):
                votes = Counter(dense.pred_MN[others, n].tolist()).most_common()
                if len(votes) == 1 or votes[0][1] > votes[1][1]:
                    told += 1
                    moved += votes[0][0] != answer_N[n]
            shares.append(moved / told)
        expected.append(np.mean(shares))
    assert grid.away("fast", arm).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("members", [4, 5])
def test_a_derived_arm_and_the_null_arm_are_measured_with_one_ruler(members, monkeypatch):
    """Members that derive in name alone are away from the mode as often as independent ones."""
    rng = np.random.default_rng(0)
    p_N = np.where(rng.random(400) < 0.2, 0.5, 0.95)

    class Members:
        folder = None

        def __init__(self, parent):
            right_MN = rng.random((members, 400)) < p_N
            self.ids = [f"{m:03}" for m in range(members)]
            self.answers = SimpleNamespace(pred_MN=right_MN.astype(np.int32), classes=("a", "b"))
            self.parents = lambda dense: [i if parent else None for i in self.ids]

    found = {"derived": [], "again": []}
    for _ in range(150):
        known = {"dense": Members(False), "derived": Members(True), "again": Members(False)}
        monkeypatch.setattr(Grid, "of", lambda self, training, arm, known=known: known[arm])
        for arm, values in found.items():
            values.append(Grid(None).away("any", arm).mean())
    difference = np.subtract(found["derived"], found["again"])
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / np.sqrt(150)
    assert abs(difference.mean()) < 0.004


def test_costs_are_set_against_dense_members_trained_again(grid):
    lost = grid.lost("fast", "late 90 %")
    accuracy = [grid.of("fast", a).fact("accuracy") for a in ("late 90 %", "dense again")]
    assert lost.mean == pytest.approx(accuracy[0].mean() - accuracy[1].mean())
    excess = grid.excess("fast", "late 90 %")
    away = [grid.away("fast", a) for a in ("late 90 %", "dense again")]
    assert excess == Gain.of(*away)
    assert excess.mean == pytest.approx(away[0].mean() - away[1].mean())
    drifted = grid.drifted("fast", "late 90 %")
    assert drifted == Gain.of(*(grid.drift("fast", a) for a in ("late 90 %", "dense again")))


def test_differences_between_trainings_are_taken_arm_by_arm(grid):
    whole, each = grid.costs_more("fast", "slow", "excess")
    assert list(each) == [*ARMS[1:]]
    for arm, gain in each.items():
        one, other = grid.excess("fast", arm), grid.excess("slow", arm)
        half = np.hypot(one.high - one.mean, other.high - other.mean)
        assert gain == pytest.approx(
            (one.mean - other.mean, one.mean - other.mean - half, one.mean - other.mean + half)
        )
    assert whole.mean == pytest.approx(np.mean([g.mean for g in each.values()]))
    # as wide as arms that have all members in common would need it
    assert whole.high - whole.low == pytest.approx(np.mean([g.high - g.low for g in each.values()]))


def test_early_less_late(grid):
    (gain,) = grid.sooner("slow", "early", "late", "away").values()
    early, late = (grid.away("slow", f"{when} 90 %") for when in ("early", "late"))
    assert gain.mean == pytest.approx(early.mean() - late.mean())
    assert listed({"90 %": gain}) == f"90 % {gain}"


def test_two_differences_and_a_mean_by_hand():
    assert between(Gain(0.5, 0.2, 0.8), Gain(0.1, -0.3, 0.5)) == pytest.approx((0.4, -0.1, 0.9))
    assert mean_of([Gain(0.5, 0.2, 0.8), Gain(0.1, 0.0, 0.2)]) == pytest.approx((0.3, 0.1, 0.5))


def test_exemplars_and_what_two_sets_share(grid):
    rows = grid.results.others["fast"].exemplars
    rows = rows.filter((rows["variant"] == "fast early 90 %") & rows["modal_disagreement"])
    assert grid.exemplars("fast", "early 90 %") == set(rows["example_id"])
    one, other = ("slow", "early 90 %"), ("fast", "early 90 %")
    first, second = (grid.exemplars(*cell) for cell in (one, other))
    found = grid.overlap(one, other)
    assert found.jaccard == pytest.approx(len(first & second) / len(first | second))
    table = overlaps(grid, [one, other])
    assert [list(row) for row in table.rows] == [
        ["slow early 90 %", "–", found.said],
        ["fast early 90 %", found.said, "–"],
    ]


def test_a_column_that_was_not_crossed_is_named(grid):
    with pytest.raises(KeyError, match="fast early 90 % has no crossed column 'depth'"):
        grid.crossed("fast", "early 90 %", "depth")


def test_the_table_has_every_arm(grid):
    table = costs(grid)
    assert [row[0] for row in table.rows] == [
        f"{training} {arm}" for training in ("slow", "fast") for arm in ("dense", *ARMS)
    ]
    assert {len(row) for row in table.rows} == {len(table.head)}
    late = next(row for row in table.rows if row[0] == "fast late 90 %")
    assert late[2] == str(grid.lost("fast", "late 90 %"))
    again = table.rows[1]
    assert [again[k] for k in (2, 4, 6)] == ["–", "–", "–"]


def test_the_own_head_is_read_from_the_first_moment(grid):
    found = grid.of("fast", "dense").probe("trace-test")
    right_M = (found.values["predicted"][..., 0] == found.label_N).mean(axis=1)
    row = own_heads(grid, "fast", "trace-test").rows[0]
    assert row[0] == "fast dense"
    assert row[1].startswith(f"{100 * right_M.mean():.1f} ± ")


def test_lines_are_in_points_over_per_cent(grid):
    first = lines(grid, ("early", "late"), "lost")[0]
    gain = grid.lost("slow", "early 90 %")
    assert (first.label, first.x, first.stroke) == ("slow early", [90.0], "solid")
    assert (first.y[0], first.low[0], first.high[0]) == pytest.approx(
        tuple(100 * value for value in gain)
    )


def test_dots_are_all_exemplars_and_some_of_the_others(grid):
    others, exemplars = dots(grid, "fast", "early 90 %", "q-score-test", "q_v1")
    known = dict(grid.values("fast", "dense", "q-score-test", "q_v1").rows())
    ids = grid.exemplars("fast", "early 90 %")
    assert sorted(exemplars.x) == pytest.approx(sorted(known[i] for i in ids))
    assert len(others.x) == 30 - len(ids)
    assert (exemplars.stroke, others.stroke) == ("none", "none")


def test_alignment_is_that_of_gram_matrices():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 7))
    y[:, :2] += x[:, :2]
    centre = np.eye(40) - 1 / 40
    k, m = (centre @ z @ z.T @ centre for z in (x, y))
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert linear_cka(x, y) == pytest.approx(expected)
    turned = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert linear_cka(x, 3 * x @ turned + 2) == pytest.approx(1)
    assert np.isnan(linear_cka(x, np.ones((40, 2))))


def test_a_member_whose_features_do_not_vary_has_no_drift_and_is_counted(grid, monkeypatch):
    known = grid.drift("fast", "late 90 %")
    assert (len(known), grid.collapsed("fast", "late 90 %")) == (3, 0)
    assert left_out(grid, "fast") == ""
    found = grid.of("fast", "late 90 %").probe("embedding-test")
    for value_MNE in found.values.values():
        value_MNE[1] = 0.5
    monkeypatch.setattr(
        Trained,
        "probe",
        lambda self, name, usual=Trained.probe: (
            found if self.folder.name == "fast-late-90" else usual(self, name)
        ),
    )
    assert grid.drift("fast", "late 90 %").tolist() == [known[0], known[2]]
    assert grid.drifted("fast", "late 90 %").mean == pytest.approx(
        known[[0, 2]].mean() - grid.drift("fast", "dense again").mean()
    )
    assert left_out(grid, "fast") == (
        "; 1 of late 90 % collapsed: the most damaged, without a drift, are left out"
    )
    row = next(row for row in costs(grid).rows if row[0] == "fast late 90 %")
    assert row[5].endswith(" (1 collapsed, left out)")


def test_drift_is_from_members_that_one_does_not_derive_from(grid):
    dense, once = (grid.of("fast", arm) for arm in ("dense", "one-shot 90 %"))
    x, y = (
        np.concatenate(list(p.probe("embedding-test").values.values()), axis=2)
        for p in (dense, once)
    )
    expected = [np.mean([1 - linear_cka(x[d], y[m]) for d in range(3) if d != m]) for m in range(3)]
    assert drift(dense, once).tolist() == pytest.approx(expected)
    again = grid.of("fast", "dense again")
    z = np.concatenate(list(again.probe("embedding-test").values.values()), axis=2)
    expected = [np.mean([1 - linear_cka(x[d], z[m]) for d in range(3)]) for m in range(3)]
    assert drift(dense, again).tolist() == pytest.approx(expected)
