"""Any bytes become values, or one line of ``TableError``: lines, JSON, tables, arrays, archives.

Nothing here knows what the values mean, nothing is unpickled, and nothing unpacks without a limit.
"""
