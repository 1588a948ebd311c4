import numpy as np
import pytest

from undertow.errors import NoEffectError
from undertow.lab.interventions.runtime._operators import Operator, effect_of

pytestmark = pytest.mark.heavy


def codes(*values):
    return np.array(values, dtype=np.int8)


def test_operators_are_counted_by_type_and_a_shared_weight_once():
    found = [
        Operator("conv2d", "a", codes(-63, 0, 63)),
        Operator("conv2d", "a", codes(-63, 0, 63)),
        Operator("conv2d", "b", None),
        Operator("linear", "c", codes(-1, 1)),
    ]
    effect = effect_of("engine", found)
    assert effect.changed == 5
    assert effect.facts == {
        "int8.conv2d": 2.0,
        "float.conv2d": 1.0,
        "int8.linear": 1.0,
        "float.linear": 0.0,
        "bits": 7.0,
    }


def test_recurrent_layers_are_counted_where_there_are_any():
    effect = effect_of("engine", [Operator("recurrent", "a", codes(-1, 1))])
    assert (effect.facts["int8.recurrent"], effect.facts["float.recurrent"]) == (1, 0)
    assert effect.facts["int8.linear"] == 0


@pytest.mark.parametrize(
    ("held", "bits"),
    [
        (codes(-127, 127), 8),
        (codes(-128, 127), 8),
        (codes(-64, 63), 7),
        (np.array([1, 255], dtype=np.uint8), 8),
    ],
)
def test_bits_are_what_the_codes_in_use_need(held, bits):
    assert effect_of("engine", [Operator("linear", "w", held)]).facts["bits"] == bits


def test_nothing_in_integers_is_no_effect():
    with pytest.raises(NoEffectError) as caught:
        effect_of(
            "engine",
            [
                Operator("linear", "a", None),
                Operator("conv2d", "b", None),
                Operator("linear", "c", None),
            ],
        )
    assert str(caught.value) == (
        "'engine' made no operator an integer one; the model has 1 float.conv2d, 2 float.linear"
    )
