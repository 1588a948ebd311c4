"""The command line. Flags say where and how much, never what: the science is in the study file.

Exit codes: 0 done, 2 usage or input error, 3 not comparable; of a gate 0 pass, 1 fail, 3 cannot
tell or not comparable. Imports are inside the commands, so that ``--help`` is quick and an audit
never loads torch.
"""

from undertow.cli.program import app as app
from undertow.cli.start import main as main

__all__ = ["app", "main"]
