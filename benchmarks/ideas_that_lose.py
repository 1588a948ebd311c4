"""What ideas cost that today's hardware and kernels were not made for: capsules, separable and
grouped convolutions, unstructured sparsity, an operator of one's own, a butterfly, each beside a
dense network of equal operations, in each engine.

    python benchmarks/ideas_that_lose.py                    print the table, about three minutes
    python benchmarks/ideas_that_lose.py --json ideas.json  also write all numbers

Needs the extra ``engines``, and a C++ compiler for torch.compile. One thread.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from undertow.errors import UserError
from undertow.lottery.ideas import NAMES, IdeaSettings, run_ideas
from undertow.lottery.ideas_found import ideas_content
from undertow.lottery.ideas_said import ideas_markdown


def main(arguments: list[str] | None = None) -> None:
    """Time, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = IdeaSettings()
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--processes", type=int, default=usual.processes)
    parser.add_argument("--repeats", type=int, default=usual.repeats)
    parser.add_argument("--only", default="", help=f"some of {','.join(NAMES)}")
    parser.add_argument("--json", type=Path, help="a file for all numbers")
    asked = parser.parse_args(arguments)
    only = tuple(name for name in asked.only.split(",") if name)
    try:
        settings = IdeaSettings(asked.batch, asked.processes, asked.repeats, only)
        ideas = run_ideas(settings, tell=lambda said: print(said, file=sys.stderr, flush=True))
    except UserError as error:
        sys.exit(str(error))
    if asked.json:
        asked.json.write_text(json.dumps(ideas_content(ideas), indent=1) + "\n", encoding="utf-8")
    print(ideas_markdown(ideas))


if __name__ == "__main__":
    main()
