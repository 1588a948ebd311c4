"""The report: an ``Audit`` lowered to a page, a summary and tables, with a gate's verdict where
there is one."""

from undertow.report.annotations import annotations_of as annotations_of
from undertow.report.html import render_html as render_html
from undertow.report.junit import junit_xml as junit_xml
from undertow.report.markdown import summary_markdown as summary_markdown
from undertow.report.text import gate_text as gate_text
from undertow.report.text import summary_text as summary_text
from undertow.report.write import write_report as write_report

__all__ = [
    "annotations_of",
    "gate_text",
    "junit_xml",
    "render_html",
    "summary_markdown",
    "summary_text",
    "write_report",
]
