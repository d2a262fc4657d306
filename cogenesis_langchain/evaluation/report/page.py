"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from cogenesis_langchain.errors import MissingDependency
from cogenesis_langchain.evaluation.report.document import Document


def to_html(document: Document) -> str:
    """Write a report as a page: style and plots inside, no script, nothing loaded.

    All text is escaped; only the plots, which are drawn here, are let through as they are.

    Raises:
        MissingDependency: The extra ``evaluation`` is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingDependency("jinja2", extra="evaluation") from None

    pages = Environment(
        loader=PackageLoader(__package__ or __name__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("page.html").render(document=document)
