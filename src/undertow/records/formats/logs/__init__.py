"""Evaluation logs: from what a reader found in one log to ``Records``.

A reader of a log family makes one ``Part`` per task, puts the tasks of a run together with
``member.one_member``, drops what members do not agree on with ``agreement.agreeing``, and calls
``build.assemble``. A reader of plain tables makes a ``Log`` itself.
"""
