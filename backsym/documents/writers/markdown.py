"""Blocks to Markdown with $math$, as GitHub and Jupyter show it.

This module must not know about problems.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from backsym.documents.content import blocks as bl
from backsym.documents.content.options import FULL, Options
from backsym.documents.writers.breaking import as_formula, side_by_side
from backsym.printing import layout as lay
from backsym.printing.latex import to_latex
from backsym.printing.layout import Layout

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|$~#]|&(?=#?\w+;))")
_ESCAPED = r"\\\1"
_LINE_START = re.compile(r"^(\s*)(#{1,6}|[-+=~]+|\d+[.)])(?=\s|$)")
ROOM = 40.0
"""The width of the text in em."""

Files = dict[str, str | bytes]
"""Names of files and their texts; the first one is the document."""

BLANK = "\\_" * 20
LINE = 0.6
"""A line of text is so high, in centimetres."""
_NEW_ROW, _CR = "\\\\ ", "\\cr "
_STYLES = {"strong": "**", "emphasis": "*"}


def markdown(document: bl.Document, options: Options = FULL, stem: str = "solution") -> Files:
    """The whole document, through its template; drawings are SVG files beside it, named after ``stem``."""
    from backsym.documents.writers.templating import render_template

    pictures: Files = {}
    blocks = [_Named(stem, pictures).block(block) for block in document.blocks]
    if document.logo is not None:
        pictures[f"{stem}-logo{document.logo.ending}"] = document.logo.data
    text = render_template(
        "md.jinja",
        options.templates,
        title=inlines_text(document.title),
        byline=[inlines_text(line) for line in document.byline],
        header=inlines_text(document.header),
        logo=quote(f"{stem}-logo{document.logo.ending}") if document.logo else "",
        paper=document.paper,
        opening=markdown_text(document.opening),
        contents=_contents(document) if document.contents else "",
        body="\n\n".join(blocks),
    )
    return {f"{stem}.md": text, **pictures}


def markdown_text(blocks: Iterable[bl.Block]) -> str:
    """Blocks without a title and without drawings; no newline at the end."""
    return "\n\n".join(_block(block) for block in blocks)


@dataclass
class _Named:
    """Gives each drawing a file of its own."""

    stem: str
    files: Files

    def block(self, block: bl.Block) -> str:
        if not isinstance(block, bl.Picture):
            return _block(block)
        name = f"{self.stem}-figure-{len(self.files) + 1}.svg"
        self.files[name] = block.drawn.svg()
        return f"![{_SPECIAL.sub(_ESCAPED, block.alt)}]({quote(name)})"


def _contents(document: bl.Document) -> str:
    """A list of the headings of the first two levels, each a link to its place on the page, as GitHub names it."""
    lines: list[str] = []
    seen: Counter[str] = Counter()
    for block in document.blocks:
        if not isinstance(block, bl.Heading):
            continue
        text = inlines_text(block.content)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        seen[anchor] += 1
        if block.level <= 3:
            link = anchor if seen[anchor] == 1 else f"{anchor}-{seen[anchor] - 1}"
            lines.append(f"{'  ' * (block.level - 2)}- [{text}](#{link})")
    return "\n".join(lines)


def inlines_text(content: bl.Inlines) -> str:
    return "".join(_inline(item) for item in content)


def _block(block: bl.Block) -> str:
    if isinstance(block, bl.Heading):
        return f"{'#' * min(block.level, 6)} {inlines_text(block.content)}"
    if isinstance(block, bl.Paragraph):
        return _guarded(inlines_text(block.content))
    if isinstance(block, bl.Equations):
        latex = _beside(block.rows) if block.beside else equations_latex(block.rows)
        return _anchors(block.rows) + "$$\n" + _plain_relations(latex) + "\n$$"
    if isinstance(block, bl.Bullets):
        return "\n".join(f"- {inlines_text(item)}" for item in block.items)
    if isinstance(block, bl.Listed):
        return "\n".join(map(_item, range(len(block.items)), block.items, [block.first] * len(block.items)))
    if isinstance(block, bl.Quote):
        return _set_in(markdown_text(block.blocks), "> ", "> ")
    if isinstance(block, bl.Code):
        return f"{_fence(block.text)}\n{block.text}\n{_fence(block.text)}"
    if isinstance(block, bl.Table):
        return _table(block)
    if isinstance(block, bl.Aside):
        return f"> {_guarded(inlines_text(block.content))}"
    if isinstance(block, bl.Derivations):
        return markdown_text(block.blocks)
    if isinstance(block, bl.Blanks):
        fields = [f"{inlines_text(label)}: {BLANK}" for label in block.labels]
        return " ".join(fields) + (f" / {block.total}" if block.total else "")
    if isinstance(block, bl.Room):
        return "\n".join(["<br>"] * max(1, round(block.height / LINE)))
    raise TypeError(f"no Markdown for a block of type {type(block).__name__}")


def _item(place: int, blocks: Iterable[bl.Block], first: int | None) -> str:
    mark = "- " if first is None else f"{first + place}. "
    return _set_in(markdown_text(blocks), mark, " " * len(mark))


def _set_in(text: str, first: str, others: str) -> str:
    return first + "\n".join((others + line).rstrip() if n else line for n, line in enumerate(text.split("\n")))


def _fence(text: str) -> str:
    """More signs than there are in a row in the text."""
    longest = max((len(list(run)) for sign, run in groupby(text) if sign == "`"), default=0)
    return "`" * max(3, longest + 1)


def _table(block: bl.Table) -> str:
    lines = [block.head, *block.rows]
    rows = ["| " + " | ".join(inlines_text(cell).replace("|", r"\|") for cell in cells) + " |" for cells in lines]
    return "\n".join([rows[0], "| " + " | ".join("---" for _ in block.head) + " |", *rows[1:]])


def equations_latex(rows: tuple[bl.Row, ...]) -> str:
    """Rows as LaTeX: one formula, or several aligned at the equals sign with their ranges in a column of their own."""
    if len(rows) == 1 and not rows[0].reason:
        only = rows[0]
        return (
            _side(only.lhs)
            + to_latex(lay.untinted(only.right))
            + (f", \\quad {to_latex(only.tail)}" if only.tail else "")
        )
    lines = []
    for r in rows:
        head = _side(None if r.again else r.lhs, "&") or ("&= " if r.lhs else "& ")
        tail = f", && {to_latex(r.tail)}" if r.tail else ""
        reason = f" \\qquad {_remark(r)}" if r.reason else ""
        between = " && " if reason and not tail else ""
        lines.append(f"{head}{to_latex(lay.untinted(r.right))}{tail}{between}{reason.strip() if between else reason}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _beside(rows: tuple[bl.Row, ...]) -> str:
    """Several equations on a line, aligned in columns."""
    lines = side_by_side(rows, ROOM)
    if all(len(line) == 1 for line in lines):
        return equations_latex(rows)
    set_lines = [
        " & \\quad ".join(f"{_side(r.lhs, '&')}{to_latex(lay.untinted(r.right))}{_after(r)}" for r in line)
        for line in lines
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(set_lines) + "\n\\end{aligned}"


def _after(r: bl.Row) -> str:
    """The range of an equation and its remark, on its line."""
    tail = f", \\quad {to_latex(r.tail)}" if r.tail else ""
    return f"{tail} \\qquad {_remark(r)}" if r.reason else tail


def _remark(r: bl.Row) -> str:
    return f"\\textcolor{{gray}}{{{to_latex(as_formula(r.reason, linked=False))}}}"


def _anchors(rows: Iterable[bl.Row]) -> str:
    """Where links to the results of a display lead."""
    marks = [item for r in rows for item in r.reason if isinstance(item, bl.Ref) and item.here]
    return "".join(f'<a id="{mark.target}"></a>' for mark in marks) + ("\n\n" if marks else "")


def _side(lhs: Layout | None, mark: str = "") -> str:
    return "" if lhs is None else f"{to_latex(lhs)} {mark}= "


def _inline(item: bl.Inline) -> str:
    if isinstance(item, bl.Math):
        # Between single dollar signs GitHub takes two backslashes for one.
        return f"${_plain_relations(to_latex(item.layout)).replace(_NEW_ROW, _CR)}$"
    if isinstance(item, bl.Ref):
        return f'<a id="{item.target}"></a>{item.text}' if item.here else f"[{item.text}](#{item.target})"
    if isinstance(item, bl.Break):
        return " "
    if isinstance(item, bl.Link):
        return f"[{_SPECIAL.sub(_ESCAPED, item.text)}](<{item.address}>)"
    if item.style == "code":
        fence = "``" if "`" in item.text else "`"
        return f"{fence}{item.text}{fence}"
    mark = _STYLES.get(item.style, "")
    inner = item.text.strip() if mark else item.text
    trailing = item.text[len(item.text.rstrip()) :] if mark else ""
    return mark + _SPECIAL.sub(_ESCAPED, inner) + mark + trailing


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
