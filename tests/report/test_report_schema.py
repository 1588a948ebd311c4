"""``report.json`` against its published schema, and the table of changed answers."""

from __future__ import annotations

import copy
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import polars as pl
import pytest

import audits
import gates
from undertow.audit.gate.result import GateResult
from undertow.audit.result import EXEMPLAR_COLUMNS, Audit
from undertow.report import write_report
from undertow.report.flips import FLIP_COLUMNS, flips
from undertow.report.schema import report_schema, schema_json
from undertow.report.serial import report_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "report.schema.json"
NAMES = ("garments", "one_member", "hostile", "generation", "gated", "refused", "hostile_gate")


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_reports_are_valid(name: str, validator: jsonschema.Draft202012Validator):
    assert list(validator.iter_errors(gates.read_json(report_json(*gates.made(name))))) == []


def test_a_real_gate_is_valid(validator: jsonschema.Draft202012Validator):
    import worlds
    from undertow.audit.gate import gate
    from undertow.audit.gate.policy import parse_policy

    old, new = worlds.flipped_world(400, 40, 10, slices={"language": ["en", "de"] * 200})
    policy = parse_policy(
        '[[max_drop]]\npoints = 1\n\n[[worst_slice_drop]]\npoints = 3\nby = "language"\n'
    )
    found = gate(old, [new], policy)
    content = gates.read_json(report_json(found.audit, found))
    assert list(validator.iter_errors(content)) == []
    assert [d["rule"] for d in content["gate"]["decisions"]] == [d.rule for d in found.decisions]  # type: ignore[index]


def test_the_published_schema_is_this_one():
    assert PUBLISHED.read_text("utf-8") == schema_json(), "run `make docs`"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c.pop("gate"),
        lambda c: c.pop("findings"),
        lambda c: c.update(format="undertow-report/2"),
        lambda c: c.update(verdict="fine"),
        lambda c: c["findings"][0].pop("p"),
        lambda c: c["gate"].update(verdict="maybe"),
        lambda c: c["gate"]["decisions"][0].update(low="low"),
        lambda c: c["variants"][0]["gallery"][0]["exemplar"]["reference"]["shares"].append(
            ["half"]
        ),
    ],
    ids=range(8),
)
def test_what_is_wrong_is_not_valid(spoil, validator: jsonschema.Draft202012Validator):
    content = copy.deepcopy(gates.read_json(report_json(*gates.made("gated"))))
    spoil(content)
    assert not validator.is_valid(content)


def test_fields_may_be_added(validator: jsonschema.Draft202012Validator):
    content = gates.read_json(report_json(*gates.made("gated")))
    assert validator.is_valid({**content, "new": 1, "gate": {**content["gate"], "new": 1}})  # type: ignore[dict-item]


def test_every_field_of_an_audit_and_a_gate_is_described():
    defs = report_schema()["$defs"]
    assert set(defs["Audit"]["properties"]) == {f.name for f in fields(Audit)}
    assert set(defs["GateResult"]["properties"]) == {f.name for f in fields(GateResult)} - {"audit"}


def test_a_report_without_a_gate_says_so_and_a_refusal_holds_the_gate_alone():
    assert gates.read_json(report_json(audits.garments((0.5,))))["gate"] is None
    refused = gates.read_json(report_json(None, gates.refused()))
    assert set(refused) == {"format", "undertow", "gate"}
    assert refused["gate"] == {
        "verdict": "not comparable",
        "reason": gates.refused().reason,
        "decisions": [],
        "level": 0.05,
        "not_shown": [],
    }


def exemplars(**columns: list[object]) -> pl.DataFrame:
    n = len(columns["label"])
    blank: dict[str, list[object]] = {name: [None] * n for name in EXEMPLAR_COLUMNS}
    given = {
        "variant": ["int8"] * n,
        "example_id": [f"e{i}" for i in range(n)],
        "modal_disagreement": [True] * n,
    }
    return pl.DataFrame({**blank, **given, **columns}, schema=EXEMPLAR_COLUMNS)


def test_changed_answers_say_which_way():
    audit = audits.garments((0.9,))
    (variant,) = audit.variants
    named = replace(variant, arm=replace(variant.arm, name="int8"))
    frame = exemplars(
        label=["a", "a", "a", None, "a"],
        reference_modal=["a", "b", "b", "b", "a"],
        variant_modal=["b", "a", "c", "c", "a"],
        newly_wrong=[True, False, False, False, False],
        newly_right=[False, True, False, False, False],
        modal_disagreement=[True, True, True, True, False],
    )
    found = flips(replace(audit, variants=(named,), exemplars=frame))
    assert found["change"].to_list() == [
        "right to wrong",
        "wrong to right",
        "wrong to wrong",
        "other answer",
    ]
    assert found.row(0) == ("int8", "e0", "right to wrong", "a", "a", "b")
    graded = replace(named, arm=replace(named.arm, outcome="mean chrf"))
    assert (
        flips(replace(audit, variants=(graded,), exemplars=frame))["change"].to_list()[2]
        == "other answer"
    )


def test_the_table_is_written_with_its_columns(tmp_path: Path):
    write_report(audits.garments((0.9,)), tmp_path)
    table = pl.read_parquet(tmp_path / "flips.parquet")
    assert table.schema == pl.Schema(FLIP_COLUMNS)
    assert table.height > 0
