"""Mistakes in a person's data, model and claims are one harmless line that names them, whatever
their classes do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest
import torch
from torch import nn

from blobs import Blobs
from undertow.errors import RecordError, UndertowError, UserError
from undertow.lab.data.dataset import Splits
from undertow.lab.data.longtail import take
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.own_code import told, told_as_their_own
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.read import read_population
from undertow.study import Claim, Results, judge
from undertow.watch import JsonWatch, Watch

RECIPE = Recipe(epochs=1, batch=30, lr=0.05)


class Gives(nn.Module):
    def __init__(self, output: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.inner, self.output = nn.Linear(64, 3), output

    def forward(self, x: torch.Tensor) -> Any:
        return self.output(self.inner(x.flatten(1)))


@dataclass(frozen=True)
class Own:
    made: Callable[[], Any]

    def __repr__(self) -> str:
        return "Own()"

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> Any:
        return self.made()


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def leave() -> None:
    raise SystemExit(0)


def shout() -> None:
    raise ValueError("\x1b[31m\x1b]0;pwn\x07 red\n" + "x" * 200_000)


def be_mute() -> None:
    raise Mute


def trained(out: Path, made: Callable[[], Any], runner: str = "loop") -> str:
    model = cast(Any, Own(made))
    with pytest.raises(UndertowError) as caught:
        train_population(Population("dense", Blobs(), model, RECIPE, members=1), out, runner=runner)
    return str(caught.value).removeprefix(
        "no member of population 'dense' is of use; member 000 failed: "
    )


def wrong_output(gave: str, images: int) -> str:
    return (
        f"Gives: forward() returned {gave} for {images} images; it must return one logit for each "
        f"of the 3 classes that build() is given, a tensor of shape ({images}, 3)"
    )


@pytest.mark.parametrize("runner", ["loop", "stacked"])
def test_a_model_that_gives_the_wrong_thing(tmp_path: Path, runner: str) -> None:
    said = "Own(): build() returned NoneType; it must return a torch.nn.Module"
    assert trained(tmp_path / "built", lambda: None, runner) == said
    more = trained(tmp_path / "more", lambda: Gives(lambda y: torch.cat([y, y], 1)), runner)
    assert more.replace("(1, 30, 6)", "(30, 6)") == wrong_output("a tensor of shape (30, 6)", 30)
    if runner == "loop":  # a stack asks torch first, which has words of its own
        assert trained(tmp_path / "none", lambda: Gives(lambda _: None), runner) == wrong_output(
            "NoneType", 30
        )


def test_leaving_while_a_model_is_built_is_a_failed_member(tmp_path: Path) -> None:
    assert re.fullmatch(
        r"SystemExit: 0 \(test_own_mistakes.py, line \d+, in leave\)", trained(tmp_path, leave)
    )


def test_leaving_elsewhere_is_an_error_with_its_line() -> None:
    said = r"test_own_mistakes.py, line \d+, in leave: SystemExit: 0; add --debug"
    with pytest.raises(UserError, match=said), told_as_their_own():
        leave()


@pytest.mark.parametrize("given", [None, {}])
def test_data_that_are_no_data(tmp_path: Path, given: Any) -> None:
    class Empty:
        def __repr__(self) -> str:
            return "Empty()"

        def load(self) -> Any:
            return given

    with pytest.raises(UserError) as caught:
        train_population(
            Population("dense", cast(Any, Empty()), MLP(), RECIPE, members=1), tmp_path
        )
    assert (
        str(caught.value)
        == f"Empty(): load() returned {type(given).__name__}; it must return Splits"
    )


@dataclass(frozen=True)
class Leaky:
    """Holds out rows of another part too."""

    also: Literal["train", "test"]

    def load(self) -> Splits:
        splits = Blobs().load()
        part = getattr(splits, self.also)
        return replace(splits, held_out=take(part, np.arange(4)), recorded=True)


@pytest.mark.parametrize(
    ("also", "said"),
    [
        (
            "train",
            "Leaky(also='train'): 4 of 4 held-out examples are learned from too, such as {}; take "
            "it out of the training part, as HeldOut(data) does, or give each part ids of its own",
        ),
        (
            "test",
            "Leaky(also='test'): 4 of 4 held-out examples are tested on too, such as {}; hold out "
            "training examples, as HeldOut(data) does, or give each part ids of its own",
        ),
    ],
)
def test_a_held_out_part_that_is_no_part_of_its_own(
    also: Literal["train", "test"], said: str, tmp_path: Path
) -> None:
    data = Leaky(also)
    with pytest.raises(UserError) as caught:
        train_population(Population("dense", data, MLP(), RECIPE, members=1), tmp_path)
    first = min(getattr(Blobs().load(), also).example_id_N[:4])
    assert str(caught.value) == said.format(repr(first))
    assert not (tmp_path / "dense").exists()


@pytest.mark.parametrize("given", [None, "yes", True])
def test_a_claim_without_an_outcome(given: Any) -> None:
    with pytest.raises(UserError) as caught:
        judge(Claim("It matters", "ours", lambda _: given), cast(Results, None))
    assert str(caught.value) == (
        f"claim 'It matters': its check returned {given!r}; it must return an Outcome, such as "
        "held(condition, evidence)"
    )


def test_an_exception_without_words() -> None:
    assert told(Mute()) == "Mute: (its message cannot be read: RuntimeError)"


@pytest.mark.parametrize("watcher", [Watch, JsonWatch])
def test_what_an_exception_says_reaches_no_terminal_and_stays_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], watcher: type[Watch]
) -> None:
    model = cast(Any, Own(shout))
    with watcher({}, debug=True) as watch, pytest.raises(UndertowError):
        train_population(
            Population("dense", Blobs(), model, RECIPE, members=1),
            tmp_path,
            runner="loop",
            progress=watch,
        )
    said = "".join(capsys.readouterr())
    reason = json.loads((tmp_path / "dense" / "manifest.json").read_text())["members"][0]["reason"]
    assert re.fullmatch(
        r"ValueError: red x{396}… \(test_own_mistakes.py, line \d+, in shout\)", reason
    )
    assert "\x1b" not in said
    assert "\x07" not in said
    assert reason in said or json.dumps(reason)[1:-1] in said
    if watcher is Watch:
        assert max(map(len, said.splitlines())) < 2000


def test_an_edited_entry_of_an_unfinished_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from undertow.records.write import PopulationWriter

    population = Population("dense", Blobs(), MLP(hidden=(4,)), RECIPE, members=1)
    with monkeypatch.context() as patch:
        patch.setattr(PopulationWriter, "finish", lambda self, **_: leave())
        with pytest.raises(SystemExit):
            train_population(population, tmp_path, runner="loop")
    entry = tmp_path / "dense" / "members" / "000.json"
    said = json.loads(entry.read_text())
    said["entry"]["facts"]["accuracy"] = 1.5
    entry.write_text(json.dumps(said))
    with pytest.raises(RecordError) as caught:
        train_population(population, tmp_path, runner="loop")
    assert (
        str(caught.value)
        == f"{entry}: was changed after it was written; delete it to make the member again"
    )
    entry.unlink()
    train_population(population, tmp_path, runner="loop")


def test_weights_that_are_not_those_that_were_written_are_not_built_upon(tmp_path: Path) -> None:
    dense = Population("dense", Blobs(), MLP(hidden=(4,)), RECIPE, members=2)
    folder = train_population(dense, tmp_path, runner="loop") / "weights"
    kept, other = folder / "000.safetensors", folder / "001.safetensors"
    before = kept.read_bytes()
    kept.write_bytes(other.read_bytes())
    derived = dense.under(WeightQuantization(4), name="int4")
    manifest = read_population(train_population(derived, tmp_path, runner="loop")).manifest
    assert [m.status for m in manifest.members] == ["failed", "done"]
    assert manifest.members[0].reason == (
        "the weights of its parent member in 'dense' are not the ones that were written; put them "
        "back or train it again"
    )
    kept.write_bytes(before)
    manifest = read_population(train_population(derived, tmp_path, runner="loop")).manifest
    assert [m.status for m in manifest.members] == ["done", "done"]
    (folder / "000.safetensors.sha256").unlink()  # as an earlier version left them
    train_population(replace(derived, name="again"), tmp_path, runner="loop")
