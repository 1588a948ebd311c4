"""Real logs that come with the package, for a first verdict: what ``undertow example`` lists and
writes.

The archives are made by ``examples/pack_first_minute.py``. The pictures are those of the embedded
Fashion-MNIST, which are not packed twice.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from undertow.errors import UserError
from undertow.records.png import png_of

HERE = Path(__file__).parent
IMAGES = HERE.parent / "lab/data/fashion_mnist/subset.npz"


@dataclass(frozen=True)
class FirstLogs:
    """Some logs: what they are, a policy for them, and what an audit and a gate of them say."""

    name: str
    about: str
    audit: str
    gate: str
    policy: str
    verdict: str
    """How the audit's summary begins."""
    decision: str
    """How the gate's begins."""
    exit_code: int
    pictures: bool = False

    def commands(self) -> tuple[str, str]:
        """What to type, inside the folder."""
        return f"undertow audit {self.audit}", f"undertow gate {self.gate} --policy gate.toml"


SMOLLM2 = FirstLogs(
    name="smollm2",
    about=(
        "A language model of 135 million parameters, evaluated by lm-evaluation-harness on 1,040 "
        "questions in 13 languages: as it is, a second time, rounded to 4 bits, and with 30 % of "
        "its weights set to zero. Questions that come from one article are not independent."
    ),
    audit="reference reference-again --against int4 pruned30 --by language --cluster article",
    gate="reference reference-again --against int4 --cluster article",
    policy="""\
# What a smaller model may cost. Every rule: undertow list rules, or docs/reference/rules.md.
[[max_drop]]
points = 1.0

[[worst_slice_drop]]
by = "language"
points = 10.0
tier = "advisory"
""",
    verdict="WORSE: 1 of 2 variants loses more than chance can explain. int4 loses 4.0 points of",
    decision="FAIL: The one required check fails; it is max_drop on all: Accuracy moved −4.04",
    exit_code=1,
)
FASHION = FirstLogs(
    name="fashion",
    about=(
        "Small convolutional networks that tell ten kinds of clothing apart, trained on few "
        "pictures of some kinds: predictions of eight networks for 2,000 pictures, of eight that "
        "were trained again, and of eight with 90 % of the weights pruned. With the pictures."
    ),
    audit="dense --against dense-again pruned-90 --by label frequency",
    gate="dense --against dense-again",
    policy="""\
# What a retrained model may cost. Every rule: undertow list rules, or docs/reference/rules.md.
[[max_drop]]
points = 2.0

[[worst_slice_drop]]
by = "label"
points = 10.0

[[max_churn]]
points = 10.0
""",
    verdict="WORSE: 1 of 2 variants loses more than chance can explain. pruned-90 loses 4.2 points",
    decision="PASS: All 12 required checks pass.",
    exit_code=0,
    pictures=True,
)
ALL = (SMOLLM2, FASHION)


def find(name: str) -> FirstLogs:
    """The logs of this name; ``UserError`` with the names there are."""
    for logs in ALL:
        if logs.name == name:
            return logs
    names = " or ".join(logs.name for logs in ALL)
    raise UserError(f"example {name}: there is no such example; write undertow example {names}")


def listing() -> str:
    """All of them, each with the command that writes it."""
    return "\n\n".join(
        f"{logs.name}\n  {logs.about}\n  undertow example {logs.name}" for logs in ALL
    )


def write(logs: FirstLogs, folder: Path) -> str:
    """Write the logs into a new ``folder``, whole or not at all. Returns what to type there, and
    what is to be seen."""
    if folder.exists():
        raise UserError(f"{folder}: is there already; give another name after --out")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".example-") as unfinished:
            made = Path(unfinished) / "files"
            for name, content in _files(logs):
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            made.rename(folder)
    except OSError as problem:
        raise UserError(
            f"{folder}: the example cannot be written ({problem.strerror}); give another name "
            "after --out"
        ) from problem
    return _what_next(logs, folder)


def _files(logs: FirstLogs) -> Iterator[tuple[str, bytes]]:
    yield "gate.toml", logs.policy.encode()
    packed = io.BytesIO(lzma.decompress((HERE / f"{logs.name}.tar.xz").read_bytes()))
    with tarfile.open(fileobj=packed) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            assert content is not None
            yield entry.name, content.read()
    if logs.pictures:
        yield from _pictures()


def _pictures() -> Iterator[tuple[str, bytes]]:
    with np.load(IMAGES, allow_pickle=False) as archive:
        numbers, images = archive["test_row"], archive["test_image"]
    for number, pixels_HW in zip(numbers, images, strict=True):
        yield f"dense/images/{number:05d}.png", png_of(pixels_HW[:, :, None])


def _what_next(logs: FirstLogs, folder: Path) -> str:
    audit, gate = logs.commands()
    more = "" if logs.decision.endswith(".") else " …"
    return (
        f"{logs.about}\n\nWritten to {folder}. Now type:\n\n  cd {folder}\n  {audit}\n"
        f"    says  {logs.verdict} …\n  {gate}\n    says  {logs.decision}{more}\n\n"
        "Then open audit/report.html and gate/report.html in a browser."
    )
