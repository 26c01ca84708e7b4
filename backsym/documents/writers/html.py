"""Blocks to one HTML file that needs nothing else: MathML, inline SVG, its own style sheet, no script.

Each derivation unfolds below its result.  What may be wider than a phone scrolls in a
box of its own, which the keyboard reaches.  This module must not know about problems.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from backsym.core.bundled import resource
from backsym.documents.content import blocks as bl
from backsym.documents.content.markup import inlines_plain
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import catalogue
from backsym.documents.writers.breaking import EQUALS, GAP, as_formula, range_column, remark_lines, remark_width
from backsym.documents.writers.plaintext import equations_text
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.mathml import escape, to_mathml
from backsym.printing.measure import broken, width

_STYLES = {"strong": "strong", "emphasis": "em", "code": "code"}

_PUNCTUATION = re.compile(r"[,.;:!?)\]’”]+")

ROOM = 40.0
"""The width of the text on a wide screen, in em."""

NARROW = 12.0
"""What surely fits a phone, in em, in nested steps too: what may be wider gets a box that the keyboard can scroll."""

MANY = 4
"""So many headings are listed before what they head."""

SHRUNK = 0.7
"""How far a figure shrinks on a narrow screen before it scrolls."""


def html(document: bl.Document, options: Options = FULL, stem: str = "solution") -> dict[str, str]:
    """The whole document, through its template."""
    from backsym.documents.writers.templating import render_template

    words = catalogue(document.language)
    page = _Page()
    opening, body = page.blocks(document.opening), page.blocks(document.blocks)
    if options.version == "questions":
        body += f"\n{_answers_sheet()}"
    text = render_template(
        "html.jinja",
        options.templates,
        language=escape(document.language),
        plain_title=escape(inlines_plain(document.title)),
        title=inlines_html(document.title),
        byline=[inlines_html(line) for line in document.byline],
        header=inlines_html(document.header),
        logo=_logo(document.logo, words.text("document.logo")) if document.logo else "",
        paper=document.paper,
        colour=options.colour,
        opening=opening,
        contents=_contents(page.headings) if document.contents or len(page.headings) >= MANY else "",
        contents_title=escape(words.text("document.contents")),
        all_steps=escape(words.text("page.all_steps")) if page.folded else "",
        body=body,
    )
    return {f"{stem}.html": text}


_KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".svg": "svg+xml"}


def _logo(logo: bl.Logo, words: str) -> str:
    """The picture within the page, which needs no other file; an SVG in ``img`` can neither run nor load anything."""
    data = base64.b64encode(logo.data).decode()
    return f'<img class="logo" alt="{escape(words)}" src="data:image/{_KINDS[logo.ending]};base64,{data}">'


def html_text(blocks: Iterable[bl.Block], *, anchors: bool = True) -> str:
    """Blocks without a title and a page around them; no newline at the end.

    Without ``anchors``, the headings can be put into a page with others, on which an id would stand twice.
    """
    return _Page(anchors=anchors).blocks(blocks)


def inlines_html(content: bl.Inlines) -> str:
    """Inline content; the punctuation after a formula stays on its line."""
    out = ""
    for n, item in enumerate(content):
        text = _inline(item)
        before = content[n - 1] if n else None
        mark = _PUNCTUATION.match(item.text) if isinstance(item, bl.Text) and item.style == "plain" else None
        if mark is not None and isinstance(before, bl.Math) and width(before.layout) <= NARROW:
            formula = _inline(before)
            out = f'{out[: -len(formula)]}<span class="whole">{formula}{escape(mark[0])}</span>'
            text = escape(item.text[mark.end() :]) if isinstance(item, bl.Text) else text
        out += text
    return out


@dataclass
class _Page:
    """Numbers the headings, and notes whether anything unfolds."""

    headings: list[bl.Heading] = field(default_factory=list)
    folded: bool = False
    anchors: bool = True

    def blocks(self, blocks: Iterable[bl.Block]) -> str:
        return "\n".join(self.block(block) for block in blocks)

    def block(self, block: bl.Block) -> str:
        if isinstance(block, bl.Heading):
            self.headings.append(block)
            level = min(block.level, 6)
            anchor = f' id="h{len(self.headings)}"' if self.anchors else ""
            return f"<h{level}{anchor}>{inlines_html(block.content)}</h{level}>"
        if isinstance(block, bl.Paragraph):
            start = '<p class="lead">' if block.leads else "<p>"
            return f"{start}{inlines_html(block.content)}</p>"
        if isinstance(block, bl.Equations):
            return _beside(block.rows) if block.beside else _display(block.rows)
        if isinstance(block, bl.Bullets):
            items = "\n".join(f"<li>{inlines_html(item)}</li>" for item in block.items)
            return f"<ul>\n{items}\n</ul>"
        if isinstance(block, bl.Listed):
            items = "\n".join(f"<li>{self.blocks(item)}</li>" for item in block.items)
            start = f' start="{block.first}"' if block.first not in (None, 1) else ""
            return f"<ul>\n{items}\n</ul>" if block.first is None else f"<ol{start}>\n{items}\n</ol>"
        if isinstance(block, bl.Quote):
            return f"<blockquote>\n{self.blocks(block.blocks)}\n</blockquote>"
        if isinstance(block, bl.Code):
            label = escape(" ".join(block.text.split())[:60])
            attributes = f'class="scroll" role="group" aria-label="{label}" tabindex="0"'
            return f"<pre {attributes}><code>{escape(block.text)}</code></pre>"
        if isinstance(block, bl.Table):
            return _table(block)
        if isinstance(block, bl.Aside):
            return f'<p class="aside {block.kind}">{inlines_html(block.content)}</p>'
        if isinstance(block, bl.Picture):
            return _picture(block)
        if isinstance(block, bl.Derivations) and block.beside:
            return self.block(block.display)
        if isinstance(block, bl.Derivations):
            self.folded = True
            return "\n".join(map(_unfolding, block.items))
        if isinstance(block, bl.Blanks):
            fields = [f'<span>{inlines_html(label)}:</span><span class="blank"></span>' for label in block.labels]
            total = f"<span>/ {escape(block.total)}</span>" if block.total else ""
            return f'<p class="blanks">{"".join(fields)}{total}</p>'
        if isinstance(block, bl.Room):
            return f'<div class="room" style="height:{block.height:g}cm"></div>'
        raise TypeError(f"no HTML for a block of type {type(block).__name__}")


def _unfolding(item: bl.Derived) -> str:
    """What leads to a result, below the result."""
    result = _inline(
        bl.Math(lay.row(item.result.lhs, lay.EQUALS, item.result.rhs) if item.result.lhs else item.result.rhs)
    )
    steps = "\n".join(map(_of_steps, (part for parts in bl.sections(item.rows) for part in parts)))
    return f"<details>\n<summary>{result}</summary>\n{steps}\n</details>"


def _of_steps(part: bl.Block) -> str:
    if isinstance(part, bl.Equations):
        return _display(part.rows)
    return f'<p class="lead">{inlines_html(part.content)}</p>' if isinstance(part, bl.Paragraph) else ""


def _answers_sheet() -> str:
    """What students may write in an answer that a program checks, and how a gradient is laid out, to unfold."""
    title, _, sheet = resource("templates", "en", "answers.txt").read_text(encoding="utf-8").partition("\n")
    words = escape(title)
    pre = f'<pre class="scroll" role="group" aria-label="{words}" tabindex="0">{escape(sheet.strip())}</pre>'
    return f'<details class="sheet" lang="en">\n<summary>{words}</summary>\n{pre}\n</details>'


def _contents(headings: list[bl.Heading]) -> str:
    """Links to the headings of the first two levels, as nested lists."""
    out, depth = "", 0
    for number, heading in enumerate(headings, start=1):
        level = heading.level - 1
        if level > 2:
            continue
        level = min(level, depth + 1)
        out += "<ul><li>" if level > depth else "</li></ul>" * (depth - level) + "</li><li>"
        out += f'<a href="#h{number}">{inlines_html(heading.content)}</a>'
        depth = level
    return out + "</li></ul>" * depth


def _table(block: bl.Table) -> str:
    # A column without a head goes on with what is in the one before it.
    head = "".join(f'<th scope="col">{inlines_html(cell)}</th>' if cell else "<td></td>" for cell in block.head)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{inlines_html(cell)}</td>" for cell in cells) + "</tr>" for cells in block.rows
    )
    label = escape(", ".join(inlines_plain(cell) for cell in block.head if cell))
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<div class="scroll" role="group" aria-label="{label}" tabindex="0">\n{table}\n</div>'


def _picture(block: bl.Picture) -> str:
    drawing = block.drawn.drawing
    least = SHRUNK * drawing.width * drawing.scale
    svg = block.drawn.svg(inline=True).strip()
    return f'<figure tabindex="0" style="--least:{least:.2f}cm">\n{svg}\n</figure>'


# --- mathematics -----------------------------------------------------------------------------------------------------


def _display(rows: tuple[bl.Row, ...]) -> str:
    bare = max(_reach(r) for r in rows)
    ranges = range_column(rows, bare, ROOM) is not None
    lines = [line for r in rows for line in _lines(r, ranges=ranges)]
    shown = lay.row(*lines[0]) if len(lines) == 1 and len(lines[0]) == 2 else lay.Aligned(tuple(lines))
    text = to_mathml(shown, equations_text(rows), display=True)
    if width(shown) <= NARROW:
        return f'<div class="formula">{text}</div>'
    label = escape(equations_text(rows))
    return f'<div class="formula" role="group" aria-label="{label}" tabindex="0">{text}</div>'


def _beside(rows: tuple[bl.Row, ...]) -> str:
    """Equations that stand side by side where the screen has room."""
    shown = "\n".join(_display((row,)) for row in rows)
    return f'<div class="beside">\n{shown}\n</div>'


def _reach(r: bl.Row) -> float:
    """Where a row ends without its range, as far as it has room."""
    return min(ROOM, width(r.right) + (width(r.lhs) + EQUALS if r.lhs is not None else 0.0))


def _lines(r: bl.Row, *, ranges: bool = False) -> list[tuple[Layout, ...]]:
    """One row as lines of two cells, what is left and right of the alignment, and two more for a remark.

    With ``ranges``, these have two of their own before it.
    """
    room = ROOM - (width(r.lhs) + EQUALS if r.lhs is not None else 0.0)
    first, *others = broken(r.right, room, room - 1.5)
    left: Layout = lay.tight() if r.lhs is None or r.again else r.lhs
    lines = [first if r.lhs is None else lay.row(lay.EQUALS, first)]
    lines += [lay.row(lay.Space("quad"), other) for other in others]
    range_cells: tuple[Layout, ...] = ()
    if ranges:
        shown = () if r.tail is None else (lay.Space("quad"), r.tail)
        range_cells = (lay.tight(), lay.row(*shown) if shown else lay.tight())
        lines[-1] = lines[-1] if r.tail is None else lay.row(lines[-1], lay.COMMA)
    elif r.tail is not None:
        if width(lines[-1]) + width(r.tail) > room:
            lines[-1] = lay.row(lines[-1], lay.COMMA)
            lines.append(lay.row(lay.Space("qquad"), r.tail))
        else:
            lines[-1] = lay.row(lines[-1], lay.COMMA, lay.Space("quad"), r.tail)
    cells: list[tuple[Layout, ...]] = [(left if n == 0 else lay.tight(), line) for n, line in enumerate(lines)]
    cells[-1] += range_cells
    if not r.reason:
        return cells
    start = width(r.lhs) + EQUALS if r.lhs is not None else 0.0
    if start + width(lines[-1]) + remark_width(r.reason) <= ROOM:
        return [*cells[:-1], (*cells[-1], lay.tight(), as_formula(r.reason))]
    own = remark_lines(r.reason, ROOM - start - GAP)
    return [*cells, *((lay.tight(), lay.Tinted(line, "remark")) for line in own)]


def _inline(item: bl.Inline) -> str:
    if isinstance(item, bl.Math):
        text = to_mathml(item.layout, display=False)
        if width(item.layout) <= NARROW:
            return text
        label = escape(inlines_plain((item,)))
        return f'<span class="scroll" role="group" aria-label="{label}" tabindex="0">{text}</span>'
    if isinstance(item, bl.Ref):
        where = f'id="{item.target}"' if item.here else f'href="#{item.target}"'
        return f"<a {where}>{item.text}</a>"
    if isinstance(item, bl.Break):
        return " "
    if isinstance(item, bl.Link):
        return f'<a href="{escape(item.address)}">{escape(item.text)}</a>'
    if isinstance(item, bl.Text):
        text = escape(item.text)
        tag = _STYLES.get(item.style)
        return f"<{tag}>{text}</{tag}>" if tag else text
    raise TypeError(f"no HTML for inline content of type {type(item).__name__}")
