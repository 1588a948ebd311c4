import pytest
import torch

from undertow.lab.feeds.uniforms import uniforms

WORD = (1 << 64) - 1


def by_hand(seed, place):
    """SplitMix64's output number ``place`` in Python's whole numbers."""
    z = (seed + (place + 1) * 0x9E3779B97F4A7C15) & WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return ((z ^ (z >> 31)) >> 40) / 2**24


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63 - 1])
def test_they_are_the_generators_of_the_paper(seed):
    index_B = torch.tensor([7, 0, 1_281_166])
    found = uniforms([seed], index_B, 3)
    expected = [[by_hand(seed, int(i) * 3 + k) for k in range(3)] for i in index_B]
    assert found.tolist() == expected


def test_the_first_output_of_a_seed_is_the_published_one():
    assert by_hand(1234567, 0) == (6457827717110365317 >> 40) / 2**24
    assert uniforms([1234567], torch.tensor([0]), 1).item() == by_hand(1234567, 0)


def test_each_member_has_its_own():
    index_MB = torch.tensor([[3, 1], [0, 3]])
    found = uniforms([5, 6], index_MB, 4)
    for m, seed in enumerate((5, 6)):
        assert torch.equal(found[m], uniforms([seed], index_MB[m], 4))
    assert not torch.equal(found[0, 0], found[1, 1])


def test_they_are_uniform():
    u = uniforms([11], torch.arange(50_000), 2)
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    tenths = torch.histc(u[:, 0].float(), 10, 0, 1)
    assert (tenths - 5_000).abs().max() < 300
    assert abs(float(torch.corrcoef(u.T)[0, 1])) < 0.02
    assert torch.equal(u, u.float().double())
