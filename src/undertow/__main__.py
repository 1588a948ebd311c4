"""``python -m undertow``."""

from undertow.cli import main

main()
