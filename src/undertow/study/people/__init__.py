"""What people said of test examples, beside what populations make of them."""

from undertow.study.people.beside import BesidePeople

__all__ = ["BesidePeople"]
