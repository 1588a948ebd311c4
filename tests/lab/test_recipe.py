"""Settings that no training could have are refused where they are written."""

import pytest

from undertow.lab.recipe import Recipe


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": 0}, "Recipe(batch=0): batch is 1 or more"),
        ({"epochs": -1}, "Recipe(epochs=-1): epochs is 0 or more"),
        ({"lr": float("nan")}, "Recipe(lr=nan): lr is 0 or more"),
        ({"lr": float("inf")}, "Recipe(lr=inf): lr is a finite number"),
        ({"batch": 2.5}, "Recipe(batch=2.5): batch is a whole number"),
        ({"batch": "16"}, "Recipe(batch='16'): batch is a whole number"),
        ({"warmup": 2}, "Recipe(warmup=2): warmup is from 0 to 1"),
        ({"label_smoothing": 1.5}, "Recipe(label_smoothing=1.5): label_smoothing is from 0 to 1"),
        ({"crop": -2}, "Recipe(crop=-2): crop is 0 or more"),
        (
            {"optimizer": "adma"},
            "Recipe(optimizer='adma'): there is no such optimizer; choose from sgd, adam, adamw, "
            "adagrad, rmsprop",
        ),
        (
            {"schedule": "cos"},
            "Recipe(schedule='cos'): there is no such schedule; choose from constant, cosine, "
            "linear, steps",
        ),
        (
            {"precision": "fp16"},
            "Recipe(precision='fp16'): there is no such precision; choose from float32, float64, "
            "bfloat16, tf32",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings, said):
    with pytest.raises(ValueError) as caught:
        Recipe(**{"epochs": 1} | settings)
    assert str(caught.value) == said
