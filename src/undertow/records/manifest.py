"""``manifest.json`` and ``plan.json`` as files: sealed with a digest of what they say, so that an
edit is noticed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from undertow.errors import RecordError
from undertow.records.folder import (
    MANIFEST,
    MEMBERS,
    UNFINISHED,
    entry_file,
    json_bytes,
    member_file,
)
from undertow.records.opening import read_file
from undertow.records.schema import FORMAT, Manifest, SealedManifest

AGAIN = "restore it, or make the records again with this version of undertow"


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of a manifest's content in JSON without ``digest``: keys sorted, no blanks, ASCII
    alone."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(
        json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def sealed_bytes(manifest: Manifest) -> bytes:
    """The file of a manifest, with its digest. The same manifest gives the same bytes."""
    said = json.loads(manifest.model_dump_json())
    return json_bytes(SealedManifest(**manifest.model_dump(), digest=digest(said)))


def read_sealed(path: Path, fix: str = AGAIN) -> Manifest:
    """The manifest in ``path``; ``RecordError`` where it is none, or not the one that was
    written."""
    try:
        data = read_file(path, error=RecordError, instead=fix)
        sealed = SealedManifest.model_validate_json(data)
        said = digest(json.loads(data))
    except ValidationError as error:
        raise _not_one(path, error, fix) from error
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); {fix}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(
            f"{path}: is not a manifest of {FORMAT}: {str(error)[:100]}; {fix}"
        ) from error
    if said != sealed.digest:
        raise RecordError(
            f"{path}: was changed after it was written (its digest is {sealed.digest[:12]}…, its "
            f"content has {said[:12]}…); {fix}"
        )
    return Manifest.model_validate(sealed.model_dump(exclude={"digest"}))


def refuse_other_members(folder: Path, manifest: Manifest) -> None:
    """``RecordError`` that names the file where the members that are done are not exactly the files
    in ``members/``.

    What a run under way or a killed one leaves there is no other file, nor is what a file system
    hides.
    """
    again, count = (
        Counter(m.id for m in manifest.members).most_common(1)[0] if manifest.members else ("", 0)
    )
    if count > 1:
        raise RecordError(f"{folder / MANIFEST}: lists member {again!r} {count} times; {AGAIN}")
    wanted = {member_file(folder, m.id).name for m in manifest.members if m.status == "done"}
    passing = {entry_file(folder, m.id).name for m in manifest.members}
    there = (
        {path.name for path in (folder / MEMBERS).iterdir()}
        if (folder / MEMBERS).is_dir()
        else set[str]()
    )
    others = sorted(
        n for n in there - wanted - passing if not n.startswith(".") and not n.endswith(UNFINISHED)
    )
    if others:
        raise RecordError(
            f"{folder / MEMBERS / others[0]}: is not the file of a member that {MANIFEST} lists; "
            "remove it, or make the records again"
        )
    for name in sorted(wanted - there):
        raise missing(folder / MEMBERS / name)


def missing(path: Path) -> RecordError:
    """Of a file that the manifest knows."""
    return RecordError(
        f"{path}: is missing; restore it, or run the command that made this folder again"
    )


def _not_one(path: Path, error: ValidationError, fix: str) -> RecordError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "missing" and where == "digest":
        return RecordError(
            f"{path}: has no digest, as earlier versions of undertow wrote it; {fix}"
        )
    return RecordError(f"{path}: is not a manifest of {FORMAT}: {where}: {first['msg']}; {fix}")
