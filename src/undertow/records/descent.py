"""What a population derives or learns from, over all generations. A record names its parent or its
teacher alone, and of those before them it keeps digests of how they were declared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from undertow.records.schema import Manifest

DECLARATION = "declaration"
"""Of ``built_from``: what a parent or teacher was declared as."""
LENGTH = 16
"""Hexadecimal digits: for telling apart what is meant to be the same, not for defence."""


def short(*parts: str | bytes) -> str:
    """A digest of several parts."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()[:LENGTH]


def declared(recipe: Mapping[str, object], interventions: Sequence[str], name: str) -> str:
    """The digest of how a population was declared, with ``recipe`` and ``interventions`` as in its
    manifest."""
    made = {**recipe, "interventions": list(interventions), "name": name}
    return short(json.dumps(made, sort_keys=True))


def declared_as(manifest: Manifest) -> str:
    """The same of a record."""
    return declared(manifest.recipe, manifest.interventions, manifest.name)


def ancestors(manifest: Manifest) -> frozenset[str]:
    """Digests of the declarations of its parent or teacher, of theirs, and so on; none where
    nobody looked."""
    ending = f"'s {DECLARATION}"
    return frozenset(d for name, d in manifest.built_from.items() if name.endswith(ending))
