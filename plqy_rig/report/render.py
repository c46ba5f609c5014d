"""Documents as one HTML file: no script, nothing loaded from anywhere."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from plqy_rig.data.errors import storage_error
from plqy_rig.report.document import Document
from plqy_rig.report.methods import REFERENCES


def render_html(document: Document) -> str:
    """The document as HTML; every text in it is escaped, only our own figures and styles are not."""
    loader = PackageLoader("plqy_rig.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = Markup
    environment.filters["breakable"] = _breakable
    source, _, _ = loader.get_source(environment, "report.css")
    template = environment.get_template("report.html.j2")
    return template.render(document=document, style=Markup(source), references=REFERENCES)


def _breakable(text: str) -> Markup:
    """Long keys go to a new line behind a point or an underscore, which isn't copied with them."""
    return Markup(re.sub(r"([._:/])(?=\w)", r"\1<wbr>", str(escape(text))))


def write_html(document: Document, path: Path) -> None:
    """Write the document, over an older one.

    Raises:
        StorageError: it can't be written.
    """
    try:
        path.write_text(render_html(document), encoding="utf-8", newline="\n")
    except OSError as error:
        raise storage_error(error, "write the report", path) from error
