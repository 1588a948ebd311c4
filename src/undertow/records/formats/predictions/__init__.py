"""Class predictions: from the columns that a reader found to ``Records``.

A reader makes one sheet per member, cleans its columns, may add right answers from a table of their
own, and calls ``build.from_sheets``.
"""
