"""The report: an ``Audit`` lowered to a page, a summary and tables. Reads what an audit returns, and cards."""

from undertow.report.html import render_html as render_html
from undertow.report.text import summary_markdown as summary_markdown
from undertow.report.text import summary_text as summary_text
from undertow.report.write import write_report as write_report

__all__ = ["render_html", "summary_markdown", "summary_text", "write_report"]
