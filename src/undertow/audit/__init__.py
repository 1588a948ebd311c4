"""The audit: records in, findings, exemplars and a verdict out. Needs no torch."""

from undertow.audit.compare import audit as audit
from undertow.audit.result import Audit as Audit
from undertow.audit.settings import Settings as Settings

__all__ = ["Audit", "Settings", "audit"]
