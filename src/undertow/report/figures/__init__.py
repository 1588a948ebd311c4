"""Charts as inline SVG written in Python: each returns markup that is safe to place in a page.

Why no chart library: a chart here is marks, bands and labels in presentation attributes, so it
survives a policy that blocks scripts and styles, follows the page's colours in light and dark,
prints, and is the same bytes each time.
"""
