"""A default is a promise: what people left out, they still get tomorrow.

After a change that is meant: ``python tests/golden_tables.py`` writes the file anew; say why in the
commit.
"""

from __future__ import annotations

from defaults import FILE, defaults


def test_defaults_are_those_that_were_argued_for() -> None:
    kept = FILE.read_text(encoding="utf-8").splitlines()
    found = defaults()
    assert {"gone": sorted(set(kept) - set(found)), "new": sorted(set(found) - set(kept))} == {
        "gone": [],
        "new": [],
    }
    assert kept == found


def test_what_decides_is_among_them() -> None:
    """Or the table would hold less than it says."""
    names = {line.partition(" = ")[0] for line in defaults()}
    assert names >= {
        "audit.count.SPLITS",
        "audit.gate.policy.Policy.level",
        "audit.gate.rules.worst_slice_drop.WorstSliceDrop.min_count",
        "audit.settings.Settings.tolerance_overall",
        "records.reading.Reading.allow_partial",
        "report.figures.floor.WIDTH",
        "report.wording.clean(limit)",
        "undertow audit --tolerance",
        "undertow gate --inconclusive",
        "undertow run --scale",
    }
