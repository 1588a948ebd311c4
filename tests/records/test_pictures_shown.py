"""Pictures that were shown are noted by folder; one that changed meanwhile has no digest."""

from __future__ import annotations

from pathlib import Path

from undertow.records.pictures_shown import ByFolder, note_shown, pictures_shown


def test_a_picture_of_two_contents_is_noted_without_a_digest() -> None:
    found: ByFolder = {}
    folder = Path("pictures")
    with pictures_shown(found):
        for name, data in (("a.png", b"1"), ("b.png", b"2"), ("a.png", b"1"), ("./b.png", b"3")):
            note_shown(folder, name, data)
    note_shown(folder, "c.png", b"4")
    assert set(found[folder]) == {"a.png", "b.png"}
    assert found[folder]["a.png"] is not None
    assert found[folder]["b.png"] is None
