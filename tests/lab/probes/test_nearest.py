"""Nearest neighbours against scikit-learn and against every distance in float64."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from undertow.errors import UserError
from undertow.lab.probes import nearest as nearest_module
from undertow.lab.probes.nearest import Bank, votes


def oracle(bank, query, k, own=None):
    """Every distance in float64, one query at a time."""
    found = []
    for row, x in enumerate(query.astype(np.float64)):
        squared = ((bank.astype(np.float64) - x) ** 2).sum(1)
        if own is not None:
            squared[own[row]] = np.inf
        found.append(sorted(range(len(bank)), key=lambda j: (squared[j], j))[:k])
    return np.array(found)


def clouds(n, d, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) + offset).astype(np.float32)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("n", "d", "k", "offset"),
    [(40, 3, 5, 0), (300, 17, 30, 0), (7000, 8, 30, 0), (9000, 20, 5, 300.0), (31, 4, 31, 0)],
)
def test_they_are_those_of_every_distance_in_float64(n, d, k, offset):
    bank, query = clouds(n, d, offset=offset), clouds(60, d, 1, offset)
    found = Bank(torch.from_numpy(bank)).nearest(torch.from_numpy(query), k)
    np.testing.assert_array_equal(found.numpy(), oracle(bank, query, k))


@pytest.mark.heavy
@pytest.mark.parametrize("n", [50, 9000])
def test_a_query_of_the_bank_is_no_neighbour_of_its_own(n):
    """Also where another example is the same."""
    bank = clouds(n, 6)
    bank[7] = bank[3]
    own = np.arange(0, n, n // 50)
    own[:2] = 3, 7
    found = Bank(torch.from_numpy(bank)).nearest(
        torch.from_numpy(bank[own]), 10, torch.from_numpy(own)
    )
    np.testing.assert_array_equal(found.numpy(), oracle(bank, bank[own], 10, own))
    assert found[0, 0] == 7
    assert found[1, 0] == 3


@pytest.mark.parametrize(("n", "k"), [(60, 50), (60, 59), *((n, 30) for n in range(31, 47))])
def test_nearly_all_of_a_small_bank_are_asked_for(n, k):
    """As many candidates as there are, so that the query itself is one of them."""
    bank, own = clouds(n, 5), np.arange(n)
    found = Bank(torch.from_numpy(bank)).nearest(torch.from_numpy(bank), k, torch.from_numpy(own))
    np.testing.assert_array_equal(found.numpy(), oracle(bank, bank, k, own))


@pytest.mark.parametrize("n", [40, 7000])
def test_no_bank_is_near_a_query_that_is_no_number(n, monkeypatch):
    """Nor is the query itself, and nobody looks for what is near in double precision."""
    monkeypatch.setattr(Bank, "_one_by_one", None)
    bank = clouds(n, 5)
    bank[3] = np.nan
    own = torch.arange(n - 2, n)
    for query in (torch.full((2, 5), torch.nan), torch.full((2, 5), torch.inf)):
        found = Bank(torch.from_numpy(bank)).nearest(query, 5, own)
        assert found.shape == (2, 5)
        assert found.max() < n
        assert not (found == own[:, None]).any()
        assert len(set(found[0].tolist())) == 5


@pytest.mark.parametrize(("n", "k"), [(20, 5), (20, 19), (46, 30), (500, 490), (7000, 30)])
def test_what_is_no_number_is_as_far_as_can_be(n, k):
    bank = clouds(n, 6)
    bank[[7, 11], [0, 3]] = np.nan, np.inf
    own = np.array([0, 1, n - 1])
    found = Bank(torch.from_numpy(bank)).nearest(
        torch.from_numpy(bank[own]), k, torch.from_numpy(own)
    )
    far = np.where(np.isfinite(bank).all(1, keepdims=True), bank, 1e6)
    np.testing.assert_array_equal(found.numpy(), oracle(far, bank[own], k, own))


@pytest.mark.parametrize("unit", [1e-30, 1e-25, 1e19, 1e30])
def test_the_unit_of_the_vectors_does_not_matter(unit):
    """Squares of these are no numbers of float32."""
    bank, query = clouds(8000, 8), clouds(20, 8, 1)
    found = Bank(torch.from_numpy(bank * np.float32(unit)))
    np.testing.assert_array_equal(
        found.nearest(torch.from_numpy(query * np.float32(unit)), 10).numpy(),
        Bank(torch.from_numpy(bank)).nearest(torch.from_numpy(query), 10).numpy(),
    )


def test_where_float32_cannot_tell_them_apart_float64_does():
    """Thousands of neighbours whose distances differ by less than float32 resolves."""
    rng = np.random.default_rng(0)
    bank = rng.normal(size=(8000, 8))
    bank *= (1 + rng.uniform(0, 1e-9, size=(8000, 1))) / np.linalg.norm(bank, axis=1)[:, None]
    query = np.zeros((3, 8))
    found = Bank(torch.from_numpy(bank)).nearest(torch.from_numpy(query), 30)
    np.testing.assert_array_equal(found.numpy(), oracle(bank, query, 30))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("own", [False, True])
def test_a_neighbour_that_rounding_put_behind_all_candidates_is_found(seed, own):
    """Distances from a query far off the mean that are nearly equal, so rounding picks the
    candidates, and true neighbours are not among them."""
    rng = np.random.default_rng(seed)
    bank = rng.normal(size=(8000, 32))
    bank *= (1 + rng.uniform(0, 1e-5, size=(8000, 1))) / np.linalg.norm(bank, axis=1)[:, None]
    query = rng.normal(size=(1, 32))
    query *= 0.9 / np.linalg.norm(query)
    bank += query
    place = None
    if own:
        bank[5000], place = query[0], [5000]
    found = Bank(torch.from_numpy(bank)).nearest(
        torch.from_numpy(query), 10, None if place is None else torch.tensor(place)
    )
    np.testing.assert_array_equal(found.numpy(), oracle(bank, query, 10, place))


def test_what_float32_resolves_is_not_compared_once_more(monkeypatch):
    """The slow way is for the few queries that need it."""
    monkeypatch.setattr(Bank, "_one_by_one", None)
    bank, query = clouds(20_000, 128), clouds(200, 128, 1)
    assert Bank(torch.from_numpy(bank)).nearest(torch.from_numpy(query), 30).shape == (200, 30)


def test_equal_ones_are_in_order_of_their_index():
    """Far more of them than candidates."""
    bank = torch.cat([torch.ones(9000, 2), torch.zeros(1, 2)])
    found = Bank(bank).nearest(torch.tensor([[1.0, 1.0], [0.0, 0.0]]), 4)
    assert found.tolist() == [[0, 1, 2, 3], [9000, 0, 1, 2]]


def test_nor_is_the_query_itself_where_all_are_equal():
    bank = torch.ones(9000, 2)
    assert Bank(bank).nearest(bank[2:3], 4, torch.tensor([2])).tolist() == [[0, 1, 3, 4]]


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_votes_are_those_of_scikit_learn(block, monkeypatch):
    monkeypatch.setattr(nearest_module, "PRODUCTS", block)
    bank, query = clouds(4000, 10), clouds(300, 10, 1)
    label = np.random.default_rng(2).integers(0, 10, len(bank))
    expected = KNeighborsClassifier(30, algorithm="brute").fit(bank, label).predict(query)
    found = Bank(torch.from_numpy(bank)).nearest(torch.from_numpy(query), 30)
    label_BK = torch.from_numpy(label)[found]
    winner, tied = votes(label_BK, 10, smallest_of_tied=True)
    np.testing.assert_array_equal(winner.numpy(), expected)
    nearest, _ = votes(label_BK, 10)
    assert torch.equal(nearest[~tied], winner[~tied])
    assert 20 < tied.sum() < 200
    assert (nearest[tied] != winner[tied]).any()


def test_of_tied_classes_the_nearest_wins():
    label = torch.tensor([[0, 2, 1, 2, 1], [3, 2, 2, 2, 3], [1, 0, 1, 0, 3]])
    winner, tied = votes(label, 4)
    assert winner.tolist() == [2, 2, 1]
    assert tied.tolist() == [True, False, True]
    assert votes(label, 4, smallest_of_tied=True).winner_B.tolist() == [1, 2, 0]


@pytest.mark.parametrize("k", [0, 6])
def test_more_neighbours_than_there_are_is_refused(k):
    bank = Bank(torch.zeros(6, 2))
    with pytest.raises(UserError) as caught:
        bank.nearest(torch.zeros(1, 2), k, torch.zeros(1, dtype=torch.int64))
    assert str(caught.value) == f"k={k}: there are 5 neighbours; choose k from 1 to 5"


def test_the_precision_of_products_is_afterwards_as_it_was():
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        Bank(clouds_tensor := torch.rand(20, 3)).nearest(clouds_tensor, 2)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
