import pytest

from blobs import Blobs
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.train.recipe import Recipe

DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), Recipe(epochs=1), members=3)
PRUNED = MagnitudePruning(sparsity=0.5)
INT8 = WeightQuantization(bits=8)


def test_an_intervention_during_training_makes_members_of_its_own():
    pruned = DENSE.under(PRUNED, name="pruned 50 %", members=5)
    assert (pruned.interventions, pruned.parent, pruned.members) == ((PRUNED,), None, 5)
    assert pruned.folder == "pruned-50"
    assert pruned.seeds.member(pruned.name, 0) != DENSE.seeds.member(DENSE.name, 0)


def test_one_after_training_derives_from_all_that_came_before():
    pruned = DENSE.under(PRUNED, name="pruned")
    both = pruned.under(INT8, name="pruned int8")
    assert (both.interventions, both.parent) == ((INT8,), pruned)


def test_again_is_fresh_down_to_the_parents():
    assert DENSE.again("dense again") == Population(
        "dense again", Blobs(), MLP(hidden=(8,)), Recipe(epochs=1), members=3
    )
    again = DENSE.under(INT8, name="int8").again("int8 again")
    assert again.parent is not None
    assert (again.name, again.parent.name) == ("int8 again", "int8 again-dense")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DENSE.again("…/"), "Population(name='…/'): a name needs a letter or digit, it becomes a folder's"),
        (
            lambda: Population("none", Blobs(), MLP(), Recipe(epochs=1), members=0),
            "Population(name='none', members=0): at least one member",
        ),
        (
            lambda: DENSE.under(PRUNED, INT8, name="both"),
            "one population cannot both derive from trained members and act during training",
        ),
        (
            lambda: Population("q", Blobs(), MLP(), Recipe(epochs=1), members=1, interventions=(INT8,)),
            "population 'q': interventions after training need a parent, interventions during training must not have "
            "one; write parent.under(intervention, name=...)",
        ),
        (
            lambda: DENSE.under(INT8, name="int8").under(PRUNED, name="pruned int8"),
            "population 'int8' derives from trained members, so nothing can act during its training; put the "
            "intervention on its parent",
        ),
        (
            lambda: DENSE.under(INT8, name="dense"),
            "population 'dense' has the name of its parent; give it one of its own",
        ),
        (
            lambda: DENSE.under(INT8, name="int8", members=4),
            "population 'int8' asks for 4 members, but its parent 'dense' has 3 to derive from",
        ),
    ],
)
def test_what_cannot_be_trained_cannot_be_declared(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
