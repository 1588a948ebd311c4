"""What readers of predictions and readers of logs share: the members of one population.

Names are made from file names, rows are joined by ``example_id``, and the result is ``Records``.
"""
