"""Blocks to Markdown with $math$, as GitHub and Jupyter show it.

This module must not know about problems.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from backsym.documents.blocks import (
    Block,
    Bullets,
    Document,
    Equations,
    Heading,
    Inline,
    Inlines,
    Math,
    Paragraph,
    Row,
    Steps,
)
from backsym.documents.options import FULL, Options

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|$~#]|&(?=#?\w+;))")
_LINE_START = re.compile(r"^(\s*)(#{1,6}|[-+=~]+|\d+[.)])(?=\s|$)")
_STYLES = {"strong": "**", "emphasis": "*"}


def markdown(document: Document, options: Options = FULL) -> str:
    """The whole document, through its template."""
    from backsym.documents.templating import render_template

    return render_template(
        "md.jinja",
        options.templates,
        title=inlines_text(document.title),
        byline=[inlines_text(line) for line in document.byline],
        body=markdown_text(document.blocks),
    )


def markdown_text(blocks: Iterable[Block]) -> str:
    """Blocks without a title; no newline at the end."""
    return "\n\n".join(_block(block) for block in blocks)


def inlines_text(content: Inlines) -> str:
    return "".join(_inline(item) for item in content)


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * min(block.level, 6)} {inlines_text(block.content)}"
    if isinstance(block, Paragraph):
        return _guarded(inlines_text(block.content))
    if isinstance(block, Equations):
        return "$$\n" + _plain_relations(equations_latex(block.rows)) + "\n$$"
    if isinstance(block, Bullets):
        return "\n".join(f"- {inlines_text(item)}" for item in block.items)
    if isinstance(block, Steps):
        return "\n\n".join(_steps(block))
    raise TypeError(f"no Markdown for a block of type {type(block).__name__}")


def _steps(block: Steps) -> Iterable[str]:
    for item in block.items:
        yield _guarded(inlines_text(item.why))
        if item.substeps is not None:
            yield "\n".join(f"> {line}".rstrip() for line in _block(item.substeps).splitlines())
        if not item.repeats:
            yield _block(item.equation)


def equations_latex(rows: tuple[Row, ...]) -> str:
    """Rows as LaTeX: one formula, or several aligned at the equals sign with their ranges in a column of their own."""
    if len(rows) == 1:
        only = rows[0]
        return _joined(only) + (f", \\quad {only.tail}" if only.tail else "")
    if not any(r.tail for r in rows):
        lines = [f"{r.lhs} &= {r.rhs}" if r.lhs else f"& {r.rhs}" for r in rows]
    else:
        lines = [f"{r.lhs} &= {r.rhs}" + (f", && {r.tail}" if r.tail else "") for r in rows]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _joined(r: Row) -> str:
    return f"{r.lhs} = {r.rhs}" if r.lhs else r.rhs


def _inline(item: Inline) -> str:
    if isinstance(item, Math):
        return f"${_plain_relations(item.latex)}$"
    if item.style == "code":
        fence = "``" if "`" in item.text else "`"
        return f"{fence}{item.text}{fence}"
    mark = _STYLES.get(item.style, "")
    inner = item.text.strip() if mark else item.text
    trailing = item.text[len(item.text.rstrip()) :] if mark else ""
    return mark + _SPECIAL.sub(r"\\\1", inner) + mark + trailing


def _plain_relations(latex: str) -> str:
    """Formulas without < and >, which a Markdown reader may take for the start of a tag."""
    return latex.replace("<", r"\lt ").replace(">", r"\gt ")


def _guarded(text: str) -> str:
    """A paragraph whose first sign does not turn it into a heading, a list or a quotation."""
    match = _LINE_START.match(text)
    if match is None:
        return text
    sign = match[2]
    escaped = sign[:-1] + "\\" + sign[-1] if sign[0].isdigit() else "\\" + sign
    return match[1] + escaped + text[match.end() :]
