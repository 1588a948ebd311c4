"""What two populations have to do with each other through teachers, in sentences.

Students of one teacher are no pairs, as members that derive from one network are: they share labels
and not weights. So they are compared as independent. Where each student has its own teacher and the
two sides share those, students of one teacher are more alike than others, and free exchange errs on
the cautious side: no false alarm, less power than pairs would have. Where one teacher taught all,
what is measured holds for that teacher.
"""

from __future__ import annotations

from undertow.records.records import Records


def taught(reference: Records, variant: Records) -> list[str]:
    """Sentences on teachers that are shared, within a population and between the two."""
    said = [sentence for records in (reference, variant) for sentence in _one_for_all(records)]
    for student, other in ((variant, reference), (reference, variant)):
        if student.manifest.teacher == other.name:
            said.append(
                f"{student.name!r} learned from {other.name!r}; members are compared as if "
                "independent."
            )
    teacher, both = reference.manifest.teacher, set(_teachers(reference)) & set(_teachers(variant))
    if not said and teacher is not None and teacher == variant.manifest.teacher and both:
        said.append(
            f"{reference.name!r} and {variant.name!r} learned from the same members of "
            f"{teacher!r}; they are compared as if independent."
        )
    return said


def _one_for_all(records: Records) -> list[str]:
    """Of several members that all had one teacher."""
    teachers = _teachers(records)
    if records.M < 2 or len(teachers) < records.M or len(set(teachers)) > 1:
        return []
    return [
        f"All members of {records.name!r} learned from one teacher, member {teachers[0]} of "
        f"{records.manifest.teacher!r}: chance in the teacher is not counted."
    ]


def _teachers(records: Records) -> list[str]:
    return [member.teacher for member in records.members if member.teacher is not None]
