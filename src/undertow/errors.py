"""Everything Undertow raises on purpose.

    UndertowError
    ├── UserError            a person can fix it: printed without a traceback, exit code 2
    │   ├── RecordError      a population folder is missing, truncated, edited or unfinished
    │   └── TableError       a file of predictions cannot be read or joined
    ├── NotComparableError   two populations that must not be compared: exit code 3
    └── NoEffectError        an intervention that changed nothing

A message names the input, shows the value and gives the fix, in that order.
"""


class UndertowError(Exception):
    """Any error Undertow raises on purpose."""


class UserError(UndertowError):
    """Something a person gave cannot be used; the message says what to do."""


class RecordError(UserError):
    """A population folder is missing, truncated, edited or unfinished."""


class TableError(UserError):
    """A file of predictions cannot be read, or two of them cannot be joined."""


class NotComparableError(UndertowError):
    """Two populations differ in something that a comparison assumes equal."""


class NoEffectError(UndertowError):
    """An intervention changed nothing, so any difference found would be something else."""
