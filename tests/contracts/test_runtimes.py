"""What holds for every intervention on the runtime; one that is exported but not in ``RUNTIMES``
fails here."""

import copy
import pickle
import re
import sys

import pytest
import torch
from torch import nn

from trainings import train_member
from undertow.errors import NoEffectError, UserError
from undertow.lab.data import Digits
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions import runtime
from undertow.lab.models import SmallCNN
from undertow.lab.recipe import Recipe
from undertow.lab.seeds import SeedPlan

pytestmark = pytest.mark.heavy

RUNTIMES = [
    runtime.TorchaoLinearInt8(),
    runtime.TorchaoLinearInt8(activations=False),
    runtime.TorchDynamicInt8(),
    runtime.PT2EStaticInt8(),
    runtime.OnnxStaticInt8(),
    runtime.OnnxDynamicInt8(),
    runtime.OpenVINOStaticInt8(),
]
COMPILED = pytest.param(
    runtime.PT2EStaticInt8(compiled=True, reduce_range=True), marks=pytest.mark.slow
)
PACKAGES = {
    runtime.TorchaoLinearInt8(): "torchao",
    runtime.PT2EStaticInt8(): "torchao",
    runtime.OnnxStaticInt8(): "onnx",
    runtime.OnnxDynamicInt8(): "onnxruntime",
    runtime.OpenVINOStaticInt8(): "nncf",
}
ONE_OF_EACH = [*PACKAGES, runtime.TorchDynamicInt8()]  # torch itself is always there
EXACT = (
    "OnnxStaticInt8", "OnnxDynamicInt8", "OpenVINOStaticInt8", "PT2EStaticInt8(compiled=True",
    "TorchDynamicInt8",
)  # fmt: skip
"""Engines whose answers do not depend on the batch, to the bit; the others add in float32 in
between."""
CHANGES_NUMBERS = re.compile(r"quant|precision|dtype|bits|int8", re.IGNORECASE)
"""What lets two populations differ in number type: an intervention that says so."""

every = pytest.mark.parametrize("intervention", [*RUNTIMES, COMPILED], ids=repr)
each_class = pytest.mark.parametrize("intervention", ONE_OF_EACH, ids=repr)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On images this small a second thread only waits, and long where the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data():
    return resident(Digits().load())


@pytest.fixture(scope="module")
def model(data):
    torch.manual_seed(0)
    network = SmallCNN(width=8).build(data.shape_CHW, data.classes)
    train_member(
        network, data, Recipe(epochs=8, batch=64, lr=0.05), SeedPlan().member("contract", 0)
    )
    return network.eval()


@pytest.fixture(scope="module")
def compiled_once(model, data):
    """Each intervention compiles one time, and the model is the same afterwards."""
    done = {}

    def compiled(intervention):
        if intervention not in done:
            before = {name: value.clone() for name, value in model.state_dict().items()}
            done[intervention] = intervention.compile(model, data.train_x_NCHW[:128])
            assert all(
                torch.equal(value, before[name]) for name, value in model.state_dict().items()
            )
            assert not model.training
        return done[intervention]

    return compiled


def test_every_exported_runtime_is_under_contract():
    assert (
        {type(i).__name__ for i in RUNTIMES}
        == {type(i).__name__ for i in ONE_OF_EACH}
        == set(runtime.__all__)
    )


@every
def test_it_counts_what_it_changed(intervention, compiled_once, model):
    effect = compiled_once(intervention).effect
    facts = effect.facts
    assert all(isinstance(value, float) for value in facts.values())
    assert facts["int8.conv2d"] + facts["float.conv2d"] == 2
    assert (facts["int8.linear"], facts["float.linear"]) == (1, 0)
    assert 7 <= facts["bits"] <= 8
    linear, filters = model[9].weight.numel(), model[0].weight.numel() + model[4].weight.numel()
    assert effect.changed == linear + (filters if facts["int8.conv2d"] else 0)


@every
def test_it_answers_nearly_as_the_float_model_does(intervention, compiled_once, model, data):
    with torch.inference_mode():
        expected, found = (
            model(data.test_x_NCHW),
            compiled_once(intervention).logits(data.test_x_NCHW),
        )
    assert found.dtype == torch.float32
    assert found.shape == expected.shape
    assert (found.argmax(1) == expected.argmax(1)).float().mean() > 0.97
    assert (found != expected).float().mean() > 0.9


@every
def test_an_answer_does_not_depend_on_the_batch(intervention, compiled_once, data):
    logits, x_NCHW = compiled_once(intervention).logits, data.test_x_NCHW[:512]
    whole = logits(x_NCHW)
    for batch in (1, 7):
        parts = torch.cat([logits(x_BCHW) for x_BCHW in torch.split(x_NCHW[:70], batch)])
        if repr(intervention).startswith(EXACT):
            assert torch.equal(parts, whole[:70])
        else:
            assert torch.allclose(parts, whole[:70], rtol=0, atol=0.05)


@every
def test_the_same_images_get_the_same_bytes(intervention, compiled_once, data):
    logits, x_NCHW = compiled_once(intervention).logits, data.test_x_NCHW[:100]
    first = logits(x_NCHW)
    kept = first.clone()
    with torch.inference_mode():
        logits(x_NCHW.flip(0))
        assert torch.equal(logits(x_NCHW), kept)
    assert torch.equal(first, kept)  # No engine writes into what it gave before.


@each_class
def test_compiled_twice_gives_the_same_bytes(intervention, compiled_once, model, data):
    again = intervention.compile(model, data.train_x_NCHW[:128])
    first = compiled_once(intervention)
    assert torch.equal(again.logits(data.test_x_NCHW), first.logits(data.test_x_NCHW))
    assert again.effect == first.effect


@every
def test_the_description_round_trips(intervention):
    names = {name: getattr(runtime, name) for name in runtime.__all__}
    assert eval(repr(intervention), names) == intervention
    assert pickle.loads(pickle.dumps(intervention)) == intervention
    assert hash(intervention) == hash(copy.deepcopy(intervention))
    assert CHANGES_NUMBERS.search(repr(intervention))
    assert intervention.derives
    assert intervention.finetune is None


@pytest.mark.parametrize("intervention", PACKAGES, ids=repr)
def test_a_missing_package_is_named_with_its_cure(intervention, model, data, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[intervention], None)
    with pytest.raises(UserError) as caught:
        intervention.compile(model, data.train_x_NCHW[:8])
    assert str(caught.value) == (
        f"{intervention!r} needs the package {PACKAGES[intervention]}, which is not installed; "
        "run pip install '.[engines]' in Undertow's checkout, or pip install "
        "'PATH/TO/undertow.whl[engines]'"
    )


@each_class
def test_a_model_with_nothing_to_quantize_says_so(intervention):
    model = nn.Sequential(nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()).eval()
    with pytest.raises(NoEffectError) as caught:
        intervention.compile(model, torch.rand(8, 1, 4, 4))
    assert str(caught.value) == (
        f"{intervention!r} made no operator an integer one; the model has no operator with weights"
    )


@pytest.mark.parametrize("intervention", [i for i in PACKAGES if "Static" in repr(i)], ids=repr)
def test_calibration_needs_images(intervention, model):
    with pytest.raises(UserError) as caught:
        intervention.compile(model, torch.empty(0, 1, 8, 8))
    assert str(caught.value) == (
        f"{intervention!r} was given 0 images to calibrate on: give at least one, better some "
        "hundreds"
    )
