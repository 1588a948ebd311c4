"""``Population``: M members of one recipe, declared and not yet trained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from undertow.lab.data.half import whole
from undertow.lab.data.tested_on import TestedOn
from undertow.lab.recipe import Recipe, augmented_twice
from undertow.lab.seeds import SeedPlan

if TYPE_CHECKING:
    from undertow.lab.data.dataset import Dataset
    from undertow.lab.interventions.site import AbstractInputs, AbstractObjective, Intervention
    from undertow.lab.models.model import Model
    from undertow.lab.probes.probe import Probe
    from undertow.lab.trainings.training import Training


@dataclass(frozen=True)
class Population:
    """``members`` trainings that differ only in the seed streams that ``seeds`` varies.

    ``recipe`` is a supervised training's; any other training stands in its place.
    ``probes`` are measured while members train, and change nothing of them.
    ``parent`` is set where members derive from trained members of another population, member by
    member. ``teacher`` is set where they learn from trained members of another one, which may have
    another model but not other data, or other rows of them alone (``Half``); which member teaches
    which, the intervention says that learns from it (``Distillation``, ``RhoLoss``).

    Raises ``ValueError`` where this cannot be trained.
    """

    name: str
    data: Dataset
    model: Model
    recipe: Recipe | Training
    members: int
    seeds: SeedPlan = SeedPlan()
    interventions: tuple[Intervention, ...] = ()
    parent: Population | None = None
    teacher: Population | None = None
    probes: tuple[Probe, ...] = ()

    def __post_init__(self) -> None:
        if not self.folder:
            raise ValueError(
                f"Population(name={self.name!r}): a name needs a letter or digit, it "
                "becomes a folder's"
            )
        if self.members < 1:
            raise ValueError(
                f"Population(name={self.name!r}, members={self.members}): at least one member"
            )
        if any(i.derives != (self.parent is not None) for i in self.interventions):
            raise ValueError(
                f"population {self.name!r}: interventions after training need a parent, "
                "interventions during training must not have one; write "
                "parent.under(intervention, name=...)"
            )
        for site in ("objective", "sampling"):
            self._check_one(site)
        self._check_arithmetic()
        self._check_sites()
        if any(i.site == "runtime" for i in self.interventions[:-1]):
            raise ValueError(
                f"population {self.name!r}: an engine runs the model as the others left it, so it "
                "comes last"
            )
        for role, other in self._origins():
            if other.name == self.name:
                raise ValueError(
                    f"population {self.name!r} has the name of its {role}; give it one of its own"
                )
        if self.parent is not None:
            self._check_parent(self.parent)
        self._check_objective()
        self._check_augmented()
        self._check_taught()
        self._check_probes()
        if self.teacher is not None:
            self._check_teacher(self.teacher)

    @property
    def objective(self) -> AbstractObjective | None:
        """What is trained for in place of cross-entropy with the labels."""
        return next(iter(self._objectives), None)

    @property
    def _objectives(self) -> list[AbstractObjective]:
        # not by isinstance: a study is declared without importing torch
        return [cast("AbstractObjective", i) for i in self.interventions if i.site == "objective"]

    @property
    def _taught(self) -> list[Intervention]:
        """Those that ask the teacher."""
        return [i for i in self.interventions if i.teaches]

    @property
    def source(self) -> Population | None:
        """The population that has to be trained before this one: its parent or its teacher, of
        which it has one."""
        return self.teacher if self.parent is None else self.parent

    def teacher_of(self, index: int) -> int:
        """The number of the teacher's member that teaches member ``index``; of no meaning without a
        teacher."""
        fixed = next((i.teacher_member for i in self._taught), None)
        return index if fixed is None else fixed

    @property
    def environment(self) -> dict[str, str]:
        """Variables that a process which trains its members has to be started with."""
        return {n: value for i in self.interventions for n, value in i.environment.items()}

    @property
    def folder(self) -> str:
        """The name of this population's folder: its own, with a dash for whatever a path or a shell
        may trip over."""
        return re.sub(r"[^\w.+=@]+", "-", self.name).strip("-.")

    def _origins(self) -> Iterator[tuple[str, Population]]:
        """All that is trained before this population, with what it is to it: ``parent``,
        ``teacher's parent`` …"""
        for role, other in (("parent", self.parent), ("teacher", self.teacher)):
            if other is not None:
                yield role, other
                yield from ((f"{role}'s {older}", oldest) for older, oldest in other._origins())

    def _check_parent(self, parent: Population) -> None:
        if parent.members < self.members:
            raise ValueError(
                f"population {self.name!r} asks for {self.members} members, but its parent "
                f"{parent.name!r} has {parent.members} to derive from"
            )

    def _check_one(self, site: str) -> None:
        acting: dict[str, Intervention] = {}
        for intervention in self.interventions:
            where, _, phase = intervention.site.partition(" in ")
            if where == site and intervention.site in acting:
                raise ValueError(
                    f"population {self.name!r}: {intervention!r} cannot join "
                    f"{acting[intervention.site]!r}; a {'phase' if phase else 'training'} has one "
                    f"{site}"
                )
            acting[intervention.site] = intervention

    def _check_arithmetic(self) -> None:
        """Of each kind one, since the inner of two would be in force."""
        acting: dict[type, Intervention] = {}
        for intervention in self.interventions:
            if intervention.site != "arithmetic":
                continue
            if (other := acting.setdefault(type(intervention), intervention)) is not intervention:
                raise ValueError(
                    f"population {self.name!r}: {intervention!r} cannot join {other!r}; a training "
                    f"has one {type(intervention).__name__}"
                )

    def _check_sites(self) -> None:
        """A training names the sites at which it can be changed; a recipe's has all of them."""
        if isinstance(self.recipe, Recipe) or self.parent is not None:
            return
        for intervention in self.interventions:
            if intervention.site not in self.recipe.sites:
                able = ", ".join(sorted(self.recipe.sites)) or "none"
                raise ValueError(
                    f"population {self.name!r}: {intervention!r} acts at the site "
                    f"{intervention.site!r}, which {self.recipe!r} does not have (it has: {able})"
                )

    def _check_objective(self) -> None:
        objective = self.objective
        smoothing = self.recipe.label_smoothing if isinstance(self.recipe, Recipe) else 0
        if objective is not None and smoothing:
            raise ValueError(
                f"population {self.name!r}: label_smoothing={smoothing} is of "
                f"cross-entropy with labels, which {objective!r} replaces; set it to 0 in the "
                "recipe"
            )

    def _check_taught(self) -> None:
        """One intervention learns from the teacher where there is one, and none elsewhere."""
        for taught in self._taught[1:]:
            raise ValueError(
                f"population {self.name!r}: {self._taught[0]!r} and {taught!r} both learn from a "
                "teacher, and a population has one; leave one out"
            )
        if self._taught and self.teacher is None:
            raise ValueError(
                f"population {self.name!r}: {self._taught[0]!r} needs a teacher; write under(..., "
                "teacher=population)"
            )
        if self.teacher is not None and not self._taught:
            raise ValueError(
                f"population {self.name!r} has the teacher {self.teacher.name!r}, but no "
                "intervention that learns from one; add Distillation(...)"
            )

    def _check_augmented(self) -> None:
        inputs = [cast("AbstractInputs", i) for i in self.interventions if i.site == "inputs"]
        own = [i for i in inputs if i.augments]
        if isinstance(self.recipe, Recipe) and (twice := augmented_twice(self.recipe, own)):
            raise ValueError(f"population {self.name!r}: {twice}")

    def _check_probes(self) -> None:
        """Each by a name of its own, and in the one training that there is."""
        if not isinstance(self.probes, tuple) or any(isinstance(p, type) for p in self.probes):
            raise ValueError(
                f"population {self.name!r}: probes={self.probes!r}; give a tuple of probes, such "
                "as (Trace(),)"
            )
        names = [probe.name for probe in self.probes]
        if len(set(names)) < len(names):
            raise ValueError(
                f"population {self.name!r}: two probes are called "
                f"{max(names, key=names.count)!r}; leave one out"
            )
        trained = sum(i.finetune is not None for i in self.interventions)
        if self.probes and self.parent is not None and trained != 1:
            raise ValueError(
                f"population {self.name!r} derives from {self.parent.name!r} by {trained} "
                "trainings, and probes look at one; put them on its parent"
            )

    def _check_teacher(self, teacher: Population) -> None:
        if repr(whole(teacher.data)) != repr(whole(self.data)):
            raise ValueError(
                f"population {self.name!r} has the data {self.data!r}, but its teacher "
                f"{teacher.name!r} has {teacher.data!r}; a teacher sees its student's images, so "
                "give both the same"
            )
        if any(i.site == "runtime" for i in teacher.interventions):
            raise ValueError(
                f"population {self.name!r}: its teacher {teacher.name!r} runs on an engine, which "
                "cannot teach; let its parent teach"
            )
        last = max(map(self.teacher_of, range(self.members)))
        if teacher.members <= last:
            raise ValueError(
                f"population {self.name!r} wants to learn from member {last} of {teacher.name!r}, "
                f"which has members 0 to {teacher.members - 1}; give the teacher more members, or "
                "set teacher_member"
            )

    def under(
        self,
        *interventions: Intervention,
        name: str,
        members: int | None = None,
        teacher: Population | None = None,
        probes: tuple[Probe, ...] | None = None,
        data: Dataset | None = None,
    ) -> Population:
        """The same, but with these interventions.

        Interventions that derive (quantization after training, one-shot pruning) start from this
        population's own members, pair by pair. The others act during training, on fresh members
        with seeds of their own, which learn from ``teacher``, or from this population's teacher if
        it has one. They are measured by the same probes unless others are given; members that
        derive have none of their own. With ``data`` they learn from that, other rows of the same
        whole.
        """
        data = self.data if data is None else data
        if repr(whole(data)) != repr(whole(self.data)):
            raise ValueError(
                f"population {name!r} has the data {data!r}, and {self.name!r} has {self.data!r}; "
                "the same under an intervention has other rows of one whole at most"
            )
        derives = {i.derives for i in interventions}
        if len(derives) > 1:
            raise ValueError(
                "one population cannot both derive from trained members and act during training"
            )
        if derives == {True}:
            return replace(
                self,
                name=name,
                data=data,
                members=members or self.members,
                interventions=interventions,
                parent=self,
                teacher=teacher,
                probes=probes or (),
            )
        if self.parent is not None:
            raise ValueError(
                f"population {self.name!r} derives from trained members, so nothing can act during "
                "its training; put the intervention on its parent"
            )
        both = (*self.interventions, *interventions)
        return replace(
            self,
            name=name,
            data=data,
            members=members or self.members,
            interventions=both,
            teacher=self.teacher if teacher is None else teacher,
            probes=self.probes if probes is None else probes,
        )

    def on(self, data: Dataset, name: str) -> Population:
        """What this population's own members say about the test part of ``data``, which must have
        the classes and image size that they learned: nothing is trained, and images are normalised
        as in training. An engine that runs them runs them again."""
        return replace(
            self,
            name=name,
            data=TestedOn(self.data, data),
            interventions=tuple(i for i in self.interventions if i.site == "runtime"),
            parent=self,
            teacher=None,
            probes=(),
        )

    def again(self, name: str) -> Population:
        """The same recipe with fresh seeds: the null arm, which shows what chance alone gives.

        Where members derive from a parent, the parent is trained again too, or nothing would be
        fresh. Students are fresh with the teacher they have, which stays: it belongs to the recipe
        as the data do, and the null arm shows chance in the students alone. ``replace(again,
        teacher=teacher.again(...))`` adds chance in the teacher.
        """
        parent = None if self.parent is None else self.parent.again(f"{name}-{self.parent.name}")
        return replace(self, name=name, parent=parent)
