"""A manifest that was changed is refused, and its members are the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import worlds
from undertow.errors import RecordError
from undertow.records import PopulationWriter, read_population, write_records
from undertow.records.manifest import digest

AGAIN = "restore it, or make the records again with this version of undertow"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reference, _ = worlds.null_world(m_ref=3, m_var=3, n=40)
    write_records(reference, tmp_path / "ref")
    return tmp_path / "ref"


def refused(folder: Path) -> str:
    with pytest.raises(RecordError) as caught:
        read_population(folder)
    return str(caught.value)


def edited(
    folder: Path, change: Callable[[dict[str, Any]], object], *, sealed: bool = False
) -> dict[str, Any]:
    """The manifest after a change in place, with its old digest or a right one."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    if sealed:
        content["digest"] = digest(content)
    path.write_text(json.dumps(content))
    return content


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["members"].append(m["members"][0]),
        lambda m: m["members"].pop(),
        lambda m: m["classes"].reverse(),
        lambda m: m.update(name="another"),
        lambda m: m["members"][0]["facts"].update(sparsity=0.5),
    ],
    ids=["twice", "removed", "reversed", "renamed", "facts"],
)
def test_a_changed_manifest(folder: Path, change) -> None:
    content = edited(folder, change)
    said, has = content["digest"][:12], digest(content)[:12]
    assert refused(folder) == (
        f"{folder}/manifest.json: was changed after it was written (its digest is {said}…, its "
        f"content has {has}…); {AGAIN}"
    )


def test_the_writer_refuses_it_too(folder: Path) -> None:
    reference, _ = worlds.null_world(m_ref=3, m_var=3, n=40)
    content = edited(folder, lambda m: m["members"].pop())
    with pytest.raises(RecordError) as caught:
        write_records(reference, folder)
    assert str(caught.value) == (
        f"{folder}/manifest.json: was changed after it was written (its digest is "
        f"{content['digest'][:12]}…, its content has {digest(content)[:12]}…); choose another "
        "folder or delete this one"
    )


def test_a_manifest_without_a_digest(folder: Path) -> None:
    edited(folder, lambda m: m.pop("digest"))
    assert refused(folder) == (
        f"{folder}/manifest.json: has no digest, as earlier versions of undertow wrote it; {AGAIN}"
    )


def test_the_digest_is_of_what_it_says_and_not_of_how_it_is_laid_out(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(dict(reversed(content.items())), indent=4))
    assert read_population(folder).M == 3
    rest = {k: v for k, v in content.items() if k != "digest"}
    assert (
        content["digest"]
        == hashlib.sha256(
            json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()
    )


def test_a_plan_is_sealed_too(folder: Path) -> None:
    reference, _ = worlds.null_world(m_ref=3, m_var=3, n=40)
    begun = folder.parent / "begun"
    PopulationWriter(begun, reference.manifest, reference.examples)
    plan = json.loads((begun / "plan.json").read_text())
    (begun / "plan.json").write_text(json.dumps(plan | {"classes": plan["classes"][::-1]}))
    with pytest.raises(RecordError, match="was changed after it was written"):
        PopulationWriter(begun, reference.manifest, reference.examples)


def test_a_member_listed_twice_under_a_right_digest(folder: Path) -> None:
    edited(folder, lambda m: m["members"].append(m["members"][0]), sealed=True)
    assert refused(folder) == f"{folder}/manifest.json: lists member 'm00' 2 times; {AGAIN}"


@pytest.mark.parametrize("status", ["left out", "failed"])
def test_a_file_of_no_member(folder: Path, status: str) -> None:
    change = {
        "left out": lambda m: m["members"].pop(1),
        "failed": lambda m: m["members"][1].update(status="failed"),
    }
    edited(folder, change[status], sealed=True)
    assert refused(folder) == (
        f"{folder}/members/m01.parquet: is not the file of a member that manifest.json lists; "
        "remove it, or make the records again"
    )


def test_a_member_without_its_file(folder: Path) -> None:
    edited(folder, lambda m: m["members"].append(m["members"][0] | {"id": "m07"}), sealed=True)
    assert refused(folder) == (
        f"{folder}/members/m07.parquet: is missing; restore it, or run the command that made this "
        "folder again"
    )


@pytest.mark.parametrize("stranger", ["notes.txt", "m03.parquet", "m09.json"])
def test_a_stranger_among_the_members(folder: Path, stranger: str) -> None:
    (folder / "members" / stranger).write_text("{}")
    assert refused(folder).startswith(
        f"{folder}/members/{stranger}: is not the file of a member that manifest.json "
    )


@pytest.mark.parametrize(
    "passing", [".DS_Store", ".nfs0001", "m00.json", "m00.parquet.77-0a1b2c3d.tmp"]
)
def test_what_a_file_system_or_a_run_under_way_leaves_is_no_stranger(
    folder: Path, passing: str
) -> None:
    (folder / "members" / passing).write_text("{}")
    assert read_population(folder).M == 3
