"""Is an answer the same in another batch, padding, number format or engine, and whom does the
difference hit? ``undertow.vary`` and ``undertow vary``."""

from undertow.varying.vary import vary

__all__ = ["vary"]
