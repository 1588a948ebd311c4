"""Reads what a run of HELM answered.

The display files are small and go first; else the whole state of the scenario is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import fingerprint, listed, name, number, table, text
from undertow.records.formats.helm.files import file_of
from undertow.records.formats.helm.rows import Key, key_of

CORRECT = "correct"
CALIBRATION = "calibration"


class _Prediction(msgspec.Struct):
    instance_id: Any = None
    perturbation: Any = None
    train_trial_index: Any = None
    predicted_text: Any = None
    mapped_output: Any = None
    reference_index: Any = None


class _Requested(msgspec.Struct):
    instance_id: Any = None
    perturbation: Any = None
    train_trial_index: Any = None
    request: Any = None


class _State(msgspec.Struct):
    instance: Any = None
    reference_index: Any = None
    request_mode: Any = None
    train_trial_index: Any = None
    output_mapping: Any = None
    request: Any = None
    result: Any = None


class _Scenario(msgspec.Struct):
    request_states: list[_State] = []


class Instance(NamedTuple):
    """A question. ``references`` are its options, or texts that would be right.

    ``correct`` are the indices of those that are right.
    """

    input: str | None
    references: tuple[str, ...]
    correct: tuple[int, ...]
    split: str | None
    sub_split: str | None
    extra: Mapping[str, Any]


class Answer(NamedTuple):
    """``mapped`` is the text of the option that a letter stood for.

    ``reference`` is the index of the chosen option.
    """

    output: str | None
    mapped: str | None
    reference: int | None
    prompt: str | None


class Answers(NamedTuple):
    """Instances by id and perturbation, answers by key."""

    instances: Mapping[tuple[str, str], Instance]
    answers: Mapping[Key, Answer]


def answers_of(folder: Path, chosen: Mapping[Key, int], pattern: Any) -> Answers:
    """Reads the answers of a run; nothing where it keeps none.

    ``chosen`` is the option that the metrics took where each was asked about alone. ``pattern``
    finds the letter in an output.
    """
    shown, instances = file_of(folder, "display_predictions"), file_of(folder, "instances")
    if shown is not None and instances is not None:
        return _displayed(shown, instances, file_of(folder, "display_requests"))
    state = file_of(folder, "scenario_state")
    return Answers({}, {}) if state is None else _from_states(state, chosen, pattern)


def _displayed(shown: Path, instances: Path, requests: Path | None) -> Answers:
    prompts = {}
    for r in [] if requests is None else read_json(requests, list[_Requested]):
        prompts[key_of(r.instance_id, r.perturbation, r.train_trial_index)] = _prompt(r.request)
    answers = {}
    for p in read_json(shown, list[_Prediction]):
        key = key_of(p.instance_id, p.perturbation, p.train_trial_index)
        answers[key] = Answer(
            text(p.predicted_text),
            text(p.mapped_output),
            _index(p.reference_index),
            prompts.get(key),
        )
    found = {}
    for each in read_json(instances, list[dict[str, Any]]):
        found[key_of(each.get("id"), each.get("perturbation"), 0)[:2]] = _instance(each)
    return Answers(found, answers)


def _from_states(path: Path, chosen: Mapping[Key, int], pattern: Any) -> Answers:
    """Reads the answer to each instance.

    Where options were asked about one by one, it is the answer about the chosen one.
    """
    answers: dict[Key, Answer] = {}
    instances: dict[tuple[str, str], Instance] = {}
    for state in read_json(path, _Scenario).request_states:
        instance = table(state.instance)
        key = key_of(instance.get("id"), instance.get("perturbation"), state.train_trial_index)
        reference = _index(state.reference_index)
        if state.request_mode == CALIBRATION or (
            key in chosen and reference not in (None, chosen[key])
        ):
            continue
        output = next(_completions(state.result), None)
        mapped = _mapped(output, table(state.output_mapping), pattern)
        answers[key] = Answer(output, mapped, reference, _prompt(state.request))
        instances.setdefault(key[:2], _instance(instance))
    return Answers(instances, answers)


def _completions(result: Any) -> Iterator[str]:
    for completion in listed(table(result).get("completions")):
        yield text(table(completion).get("text")) or ""


def _mapped(output: str | None, mapping: Mapping[str, Any], pattern: Any) -> str | None:
    """Returns what ``run_display.py`` calls the mapped output."""
    if output is None or not mapping:
        return None
    letter = output.strip()
    if isinstance(pattern, str):
        try:
            match = re.search(pattern, letter)
        except (re.error, RecursionError, OverflowError):
            return None
        letter = "" if match is None else match.group(1 if match.groups() else 0) or ""
    return text(mapping.get(letter))


def _prompt(request: Any) -> str | None:
    """Returns the prompt: of a chat its messages, of one with images a fingerprint."""
    sent = table(request)
    if sent.get("messages") is not None:
        return text(sent["messages"])
    prompt = text(sent.get("prompt"))
    return prompt or (
        None if sent.get("multimodal_prompt") is None else fingerprint(sent["multimodal_prompt"])
    )


def _instance(each: Mapping[str, Any]) -> Instance:
    references = [table(r) for r in listed(each.get("references"))]
    return Instance(
        text(table(each.get("input")).get("text")),
        tuple(text(table(r.get("output")).get("text")) or "" for r in references),
        tuple(k for k, r in enumerate(references) if CORRECT in listed(r.get("tags"))),
        name(each.get("split")),
        name(each.get("sub_split")),
        table(each.get("extra_data")),
    )


def _index(value: Any) -> int | None:
    k = number(value)
    return int(k) if k is not None and 0 <= k < 2**31 else None
