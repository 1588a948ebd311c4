"""A population one of whose members stopped being numbers: the others' files stay as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

from undertow.records.manifest import read_sealed, sealed_bytes
from undertow.study.trained import Trained


def without(population: Trained, member: str, place: Path) -> Trained:
    """A copy of it in ``place`` in which this member diverged."""
    folder = place / population.folder.name
    shutil.copytree(population.folder, folder)
    (folder / "members" / f"{member}.parquet").unlink()
    manifest = read_sealed(folder / "manifest.json")
    diverged = {"status": "diverged", "reason": "the loss was nan", "sha256": None}
    members = [m.model_copy(update=diverged) if m.id == member else m for m in manifest.members]
    lost = manifest.model_copy(update={"members": tuple(members)})
    (folder / "manifest.json").write_bytes(sealed_bytes(lost))
    return Trained(folder)
