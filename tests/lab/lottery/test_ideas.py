"""Ideas beside dense twins: what they compute, against slow loops, and how many operations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from undertow.lab.interventions.runtime._engine import quiet
from undertow.lab.lottery.ideas import IDEAS, Idea
from undertow.lab.lottery.ideas.adder import Adder, AdderKernel, additions
from undertow.lab.lottery.ideas.butterfly import Butterfly, mixing_operations
from undertow.lab.lottery.ideas.capsules import Capsules, routed, squash
from undertow.lab.lottery.ideas.idea import Side, counted
from undertow.lab.lottery.ideas.timed_ideas import ENGINES, Request, agreeing, ran, timed_idea
from undertow.lab.lottery.ideas.unstructured import pruned, stored_operations
from undertow.lab.lottery.variants import REFERENCE, Variant, variants
from undertow.lab.measurements.operator_costs import operator_costs

BY_NAME = {idea.name: idea for idea in IDEAS}
EAGER = [v for v in variants(0.5, 0.5) if v.name == REFERENCE]
SMALL = Idea(
    "small",
    Side("an adder, 6 to 5", lambda: Adder(6, 5), (6,), additions),
    Side("a linear layer, 6 to 5", lambda: nn.Linear(6, 5), (6,)),
)


@pytest.mark.heavy
@pytest.mark.parametrize("name", BY_NAME)
def test_an_idea_and_its_twin_have_equal_operations(name: str):
    idea, twin = (counted(s, *s.made(2)).operations for s in BY_NAME[name].sides.values())
    assert idea == pytest.approx(twin, rel=0.05)
    assert twin > 0


@pytest.mark.parametrize("name", BY_NAME)
def test_a_twin_is_all_dense_products(name: str):
    twin, x_B = BY_NAME[name].twin.made(2)
    kinds = {cost.kind for cost in operator_costs(twin, lambda: twin(x_B)) if cost.flops}
    assert kinds <= {"linear", "convolution"}
    assert all(m.groups == 1 for m in twin.modules() if isinstance(m, nn.Conv2d))
    assert BY_NAME[name].twin.operations is None  # torch's own count is the count


def routed_by_loops(votes, rounds: int) -> list[list[float]]:
    """Procedure 1 of the paper for one example: votes[c][i] is a vector."""
    classes, capsules, size = len(votes), len(votes[0]), len(votes[0][0])
    logit = [[0.0] * classes for _ in range(capsules)]
    for number in range(rounds):
        share = []
        for i in range(capsules):
            whole = sum(math.exp(b) for b in logit[i])
            share.append([math.exp(b) / whole for b in logit[i]])
        became = []
        for c in range(classes):
            s = [sum(share[i][c] * votes[c][i][f] for i in range(capsules)) for f in range(size)]
            squared = sum(x * x for x in s)
            became.append([x * squared / (1 + squared) / math.sqrt(squared) for x in s])
        if number < rounds - 1:
            for i in range(capsules):
                for c in range(classes):
                    logit[i][c] += sum(votes[c][i][f] * became[c][f] for f in range(size))
    return became


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_capsules_are_routed_as_the_papers_procedure(rounds: int):
    votes = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1)).double()
    found = routed(votes, rounds)
    for example in range(2):
        expected = routed_by_loops(votes[example].tolist(), rounds)
        torch.testing.assert_close(found[example], torch.tensor(expected).double())


def test_each_capsule_votes_by_a_matrix_of_its_own():
    torch.manual_seed(0)
    network = Capsules(channels=3, side=5, types=2, length=4, classes=3, features=2)
    x = torch.randn(2, 3, 5, 5)
    found, primary = network.votes(x), network.primary(x)
    for example, (kind, row, column) in ((0, (0, 0, 1)), (1, (1, 1, 0))):
        number = kind * 4 + row * 2 + column  # capsules of one type, pixel by pixel
        own = squash(primary[example, 4 * kind : 4 * kind + 4, row, column])
        for c in range(3):
            expected = own @ network.weight[number][:, 2 * c : 2 * c + 2]
            torch.testing.assert_close(found[example, c, number], expected)


def test_answers_of_capsules_are_lengths_below_one():
    torch.manual_seed(0)
    network = Capsules(channels=3, side=5, types=2, length=4, classes=3, features=2)
    x = torch.randn(2, 3, 5, 5)
    answer = network(x)
    torch.testing.assert_close(answer, routed(network.votes(x), 3).norm(dim=-1))
    assert ((answer > 0) & (answer < 1)).all()


def test_a_squashed_vector_keeps_its_direction():
    long = squash(torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(long, torch.tensor([0.6, 0.8]) * 25 / 26)
    assert squash(torch.zeros(2)).tolist() == [0, 0]


@pytest.mark.parametrize("kind", [Adder, AdderKernel])
def test_an_adder_subtracts_and_sums_once_for_each_weight(kind: Callable[[int, int], Adder]):
    torch.manual_seed(0)
    layer, x = kind(4, 3), torch.randn(2, 4)
    operations, expected = 0, torch.zeros(2, 3)
    for b in range(2):
        for o in range(3):
            for i in range(4):
                expected[b, o] -= abs(float(x[b, i]) - float(layer.weight.detach()[o, i]))
                operations += 2
    torch.testing.assert_close(layer(x), expected)
    assert additions(layer, 2) == operations


def test_a_butterfly_is_a_product_of_sparse_matrices():
    torch.manual_seed(0)
    network, x = Butterfly(8), torch.randn(3, 8)
    expected, stored = x, 0
    for stage in range(3):
        apart, matrix = 2**stage, torch.zeros(8, 8)
        weight = network.weight[stage].reshape(-1, 2, 2, apart)
        for written in range(8):
            for read in range(8):
                pair, bit, offset = written // (2 * apart), written // apart % 2, written % apart
                if read // (2 * apart) == pair and read % apart == offset:
                    matrix[written, read] = weight[pair, bit, read // apart % 2, offset]
                    stored += 1
        expected = expected @ matrix.t()
    torch.testing.assert_close(network(x), expected)
    assert mixing_operations(network, 3) == 2 * 3 * stored


def test_csr_counts_what_is_stored_in_operations_and_bytes():
    side = Side("", lambda: pruned(40, 20), (40,), stored_operations)
    found = counted(side, *side.made(2))
    assert found.operations == 2 * 2 * 80
    stored = 80 * 4 + 80 * 8 + 21 * 8
    beside = 2 * 40 * 4 + 20 * 4 + 2 * 20 * 4
    assert [one.bytes for one in found.work] == [stored + beside]


def test_both_products_with_a_sparse_matrix_give_the_same_answers():
    x, answers = torch.randn(3, 40), []
    for as_linear in (False, True):
        torch.manual_seed(0)
        answers.append(pruned(40, 20, as_linear=as_linear)(x))
    torch.testing.assert_close(*answers)


def test_own_operations_are_spread_over_operators_by_their_bytes():
    found = counted(SMALL.idea, *SMALL.idea.made(3))
    assert found.operations == pytest.approx(2 * 3 * 30)
    touched = sum(one.bytes for one in found.work)
    for one in found.work:
        assert one.flops / 180 == pytest.approx(one.bytes / touched)
    assert found.at_best.bytes == 4 * (3 * 6 + 30 + 3 * 5)
    assert found.at_best.flops == found.operations


def test_both_sides_are_timed_and_what_an_engine_does_not_take_is_said(tmp_path: Path):
    request = Request(("small",), 3, 1, str(tmp_path))
    costs, rows = timed_idea(replace(SMALL, cannot={REFERENCE: "for no reason"}), request, EAGER)
    assert costs["twin"].about == "a linear layer, 6 to 5"
    assert (rows["small/idea/eager"].status, rows["small/idea/eager"].note) == (
        "not here", "for no reason",
    )  # fmt: skip
    assert rows["small/idea/eager"].wall is None
    assert rows["small/twin/eager"].wall > 0


def test_an_engine_that_answers_something_else_is_an_error():
    network, x_B = SMALL.twin.made(4)

    def wrong(n, x, c):
        built = EAGER[0].build(n, x, c)

        def logits(x_B):
            return torch.cat([built.logits(x_B)[:, :4], torch.full((4, 1), torch.nan)], 1)

        return replace(built, logits=logits)

    row, made = agreeing(Variant("wrong", "", wrong), network, x_B)
    assert made is None
    assert (row.status, row.note) == ("error", "20 % of its numbers are not eager's")
    row, made = agreeing(EAGER[0], network, x_B)
    assert (row.status, row.note) == ("native", "")
    assert made is not None


@pytest.mark.parametrize(("off", "agrees"), [(0.5, False), (0.002, False), (0.0005, True)])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_how_far_an_answer_may_be_goes_by_the_largest_number(
    scale: float, off: float, agrees: bool
):
    network, x_B = SMALL.twin.made(4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(scale)
        largest = network(x_B).abs().max()

    def wrong(n, x, c):
        built = EAGER[0].build(n, x, c)
        return replace(built, logits=lambda x_B: built.logits(x_B) + off * largest)

    row, made = agreeing(Variant("wrong", "", wrong), network, x_B)
    assert (row.status == "native", made is not None) == (agrees, agrees)
    assert row.note == ("" if agrees else "100 % of its numbers are not eager's")


@pytest.mark.heavy
def test_only_what_was_asked_is_timed(tmp_path: Path):
    other = replace(SMALL, name="other")
    found = ran(
        Request(("other",), 2, 1, str(tmp_path)), ideas=(SMALL, other), engines=(REFERENCE,)
    )
    assert set(found["rows"]) == {"other/idea/eager", "other/twin/eager"}
    assert set(found["counted"]) == {"other"}


@pytest.mark.heavy
def test_all_engines_take_what_they_are_said_to_take(tmp_path: Path):
    request = Request(tuple(BY_NAME), 2, 1, str(tmp_path))
    rows = ran(request)["rows"]
    other = {at: row["status"] for at, row in rows.items() if row["status"] != "native"}
    assert other == {
        "csr/idea/compile": "partly native",
        "csr/idea/onnxruntime": "not here",
        "csr/idea/openvino": "not here",
        "csr-linear/idea/compile": "partly native",
        "csr-linear/idea/onnxruntime": "not here",
        "csr-linear/idea/openvino": "not here",
        "adder-kernel/idea/onnxruntime": "not here",
        "adder-kernel/idea/openvino": "error",
    }
    assert len(rows) == 2 * len(IDEAS) * len(ENGINES)
    assert "of its numbers are not eager's" in rows["adder-kernel/idea/openvino"]["note"]
    assert len(list(tmp_path.glob("*.onnx"))) == 2 * len(IDEAS) - 3


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")  # torch's and OpenVINO's own, of what they still use
@pytest.mark.parametrize("name", [name for name, idea in BY_NAME.items() if idea.cannot])
def test_what_is_said_not_to_be_translated_is_not(name: str):
    """Without our own way to the engine, which copies networks."""
    network, x_B = BY_NAME[name].idea.made(2)
    any_batch = {"dynamic_shapes": ({0: torch.export.Dim("B", min=1)},)}
    for shapes, why in ((any_batch, r"aten\.mm\.default|aten\._cdist_forward"),
                        ({}, r"calling serialize_model|aten\._cdist_forward")):  # fmt: skip
        with pytest.raises(Exception, match=why):
            torch.onnx.export(
                network, (x_B,), dynamo=True, verbose=False, **shapes
            ).model_proto.SerializeToString()
    if "openvino" in BY_NAME[name].cannot:
        openvino = pytest.importorskip("openvino")
        with pytest.raises(Exception, match="prim::GetAttr"), quiet():
            openvino.convert_model(network, example_input=x_B)
