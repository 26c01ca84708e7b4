"""Blocks to Typst, which the ``typst`` wheel makes a PDF of.

All text is escaped here.  Each formula and figure carries a text that says what it shows, so that the PDF can be read
aloud; the functions ``formula``, ``long``, ``worked``, ``why``, ``linked``, ``marked`` and ``drawing`` are defined in
the template.  This
module must not know about problems.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from backsym.documents.content import blocks as bl
from backsym.documents.content.markup import inlines_plain
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import catalogue
from backsym.documents.writers.breaking import (
    BEFORE_RANGE,
    CELL,
    EQUALS,
    GAP,
    HANGING,
    as_formula,
    fits_beside,
    fitted,
    in_column,
    in_letters,
    number_width,
    range_column,
    reach_of,
    remark_lines,
    side_by_side,
    together,
)
from backsym.documents.writers.plaintext import equations_text
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.measure import broken, width
from backsym.printing.typst import argument, string, to_typst

_CLINGING = re.compile(r"[;(\[]|\.\w")
_SPECIAL = re.compile(r'[\\*_`$#<>@\[\]~"]|(?<=[-.])[-.]|-(?=[-?\d])|/(?=[/*])|(?<=/)[/*]')
_LINE_START = re.compile(r"^(\s*)(=+|[-+/]|\d+\.)(?=\s|$)")
_STYLES = {"strong": "strong", "emphasis": "emph"}

ROOM = 40.0
"""The width of the text in em, which is 41.2, less the 3 % by which a long formula may be estimated too short."""

SMALL = 0.88
"""The size of small letters in a table."""

INSET = {"formula": 0.0, "worked": 1.2}
"""How far a display is set in, in em, by the function of the template that sets it."""

WHOLE = 9.0
"""A formula in a line of text is not parted by its end if it is at most so wide, in em."""

_LONGER = {"formula": "long", "worked": "worked-long"}
SHORT = {"formula": 6, "worked": 3}
"""A display of more lines may be parted by the end of a page, by the function of the template that sets it."""

LISTED = 10
"""So may one of more lines that are listed with their ranges, which are in a column as long as it is whole."""


def typst(document: bl.Document, options: Options = FULL, stem: str = "solution") -> dict[str, str]:
    """The whole document, through its template."""
    from backsym.documents.writers.templating import render_template

    text = render_template(
        "typ.jinja",
        options.templates,
        title=inlines_typst(document.title),
        plain_title=string(inlines_plain(document.title)),
        byline=[inlines_typst(line) for line in document.byline],
        header=inlines_typst(document.header),
        logo=_logo(document.logo, catalogue(document.language).text("document.logo")) if document.logo else "",
        paper=_PAPERS[document.paper],
        colour=options.colour,
        authors=f"{string(inlines_plain(document.author))}," if document.author else "",
        language=string(document.language),
        opening=typst_text(document.opening),
        contents=document.contents,
        body=typst_text(document.blocks),
    )
    return {f"{stem}.typ": text}


_PAPERS = {"a4": "a4", "letter": "us-letter"}
_KINDS = {".png": "png", ".jpg": "jpg", ".jpeg": "jpg", ".svg": "svg"}


def _logo(logo: bl.Logo, words: str) -> str:
    """The picture within the text, which needs no other file."""
    data = f"({', '.join(map(str, logo.data))},)"
    kind = string(_KINDS[logo.ending])
    return f'image(bytes({data}), format: {kind}, height: 1.6cm, fit: "contain", alt: {string(words)})'


def typst_text(blocks: Iterable[bl.Block]) -> str:
    """Blocks without title and preamble; no newline at the end."""
    return _joined(blocks)


def inlines_typst(content: bl.Inlines, *, whole: bool = False) -> str:
    """Inline content; a semicolon ends a call before a sign that Typst would read as a part of it.

    Formulas that are to stay ``whole`` are parted by no end of a line, as far as they have room on one; of several
    lines of them each keeps its height, since an index below would touch what stands above the next one.
    """
    out, called = "", False
    lines = any(isinstance(item, bl.Break) for item in content)
    for n, item in enumerate(content):
        text = _inline(item, ROOM / 2 if whole else WHOLE, tall=whole and (lines or _is_tall(item)))
        if text.startswith("#box(") and (sign := _mark_after(content, n)):
            text = f"#box[#{text[5:-1]}{sign}]"  # Where the box is too narrow, the sign stands after its last line.
        if n and isinstance(item, bl.Text) and out.endswith(f"{_mark_after(content, n - 1)}]"):
            text = text.removeprefix(_mark_after(content, n - 1))
        out += ";" + text if called and _CLINGING.match(text) else text
        called = text.startswith("#") if text else called
    return out


def _is_tall(item: bl.Inline) -> bool:
    return isinstance(item, bl.Math) and lay.is_tall(item.layout)


def _mark_after(content: bl.Inlines, n: int) -> str:
    """The comma or full stop right after a formula; none after anything else."""
    following = content[n + 1] if n + 1 < len(content) else None
    plain = isinstance(content[n], bl.Math) and isinstance(following, bl.Text) and following.style == "plain"
    return following.text[:1] if plain and isinstance(following, bl.Text) and following.text[:1] in (",", ".") else ""


def _joined(blocks: Iterable[bl.Block]) -> str:
    """Blocks one after another; a paragraph that a displayed formula follows stays with it."""
    blocks = bl.with_legends(blocks)
    pieces: list[str] = []
    before: bl.Block | None = None
    for block, stays in zip(blocks, bl.kept(blocks), strict=True):
        follows = isinstance(block, (bl.Equations, bl.Derivations)) and isinstance(before, bl.Paragraph)
        pieces += ["" if before is None else "\n" if follows else "\n\n", _staying(block) if stays else _block(block)]
        before = block
    return "".join(pieces)


def _staying(block: bl.Block) -> str:
    """A block on the page of the next one."""
    if isinstance(block, bl.Table):
        return _table(block, closed=True)
    return _lead(block.content) if isinstance(block, bl.Paragraph) else f"#staying[\n{_block(block)}\n]"


def _block(block: bl.Block) -> str:
    if isinstance(block, bl.Heading):
        return f"{'=' * max(block.level - 1, 1)} {inlines_typst(block.content)}"
    if isinstance(block, bl.Paragraph):
        return _guarded(inlines_typst(block.content))
    if isinstance(block, bl.Equations):
        return _beside(block.rows) if block.beside else _display(block.rows)
    if isinstance(block, bl.Bullets):
        return "\n".join(f"- {inlines_typst(item)}" for item in block.items)
    if isinstance(block, bl.Listed):
        items = "\n".join(f"  [{_joined(item)}]," for item in block.items)
        return f"#list(\n{items}\n)" if block.first is None else f"#enum(start: {block.first},\n{items}\n)"
    if isinstance(block, bl.Quote):
        return f"#quote(block: true)[\n{_joined(block.blocks)}\n]"
    if isinstance(block, bl.Code):
        return f"#block(code({string(block.text)}))"
    if isinstance(block, bl.Table):
        return _table(block)
    if isinstance(block, bl.Picture):
        words = ", ".join(f"[{inlines_typst(content)}]" for content in (block.legend, block.elsewhere))
        return f"#drawing({string(block.alt)}, {block.height:.3g}cm, {words}, {block.drawn.typst()})"
    if isinstance(block, bl.Aside):
        return f"#{block.kind}[{_guarded(inlines_typst(block.content))}]"
    if isinstance(block, bl.Derivations) and block.beside:
        return _beside(block.display.rows, "worked")
    if isinstance(block, bl.Derivations):
        return "\n".join(_worked(part) for item in block.items for parts in bl.sections(item.rows) for part in parts)
    if isinstance(block, bl.Blanks):
        labels = ", ".join(f"[{inlines_typst(label)}]" for label in block.labels)
        return f"#blanks({string(block.total)}, {labels})"
    if isinstance(block, bl.Room):
        return f"#block(height: {block.height:g}cm, breakable: false)"
    raise TypeError(f"no Typst for a block of type {type(block).__name__}")


def _worked(part: bl.Block) -> str:
    """A head or a display of a derivation."""
    if isinstance(part, bl.Equations):
        return _display(part.rows, "worked")
    return _lead(part.content) if isinstance(part, bl.Paragraph) else _block(part)


def _lead(content: bl.Inlines) -> str:
    """What stands before a formula, on the same page; nothing where there is nothing to say."""
    return f"#lead[{_guarded(inlines_typst(content))}]" if content else ""


def _table(block: bl.Table, *, closed: bool = False) -> str:
    """The first two rows, and the last two, are on one page: a last column without width has a cell beside each pair.

    A table that is ``closed`` keeps room for a line below it.
    """

    def cells(row: tuple[bl.Inlines, ...], together: int) -> str:
        *texts, last = (f"[{inlines_typst(cell, whole=True)}]" for cell in row)
        ends = {0: f"table.cell(colspan: 2){last}", 1: last}.get(together, f"{last}, together({together})")
        return ", ".join([*texts, ends])

    table, widths, small = in_letters(block, ROOM, SMALL)
    # Where the head has numbers, which no other page can repeat, all rows are on its page.
    beside = [0] * len(table.rows) if block.numbered else _pairs(len(table.rows), closed=closed)
    rows = "".join(f"\n  {cells(row, together)}," for row, together in zip(table.rows, beside, strict=True))
    columns = ", ".join("auto" if width is None else f"{width + CELL:.1f}em" for width in widths)
    below = f"\n  room-below({len(widths)})," if closed else ""
    text = f"#table(\n  columns: ({columns}, 0pt),\n  table.header({cells(block.head, 0)}),{rows}{below}\n)"
    text = f"{text}\n#in-room-below" if closed else text
    text = f"#block(breakable: false)[\n{text}\n]" if block.numbered else text
    return f"#[\n#set text(size: {SMALL}em)\n{text}\n]" if small else text


def _pairs(count: int, *, closed: bool) -> list[int]:
    """For each row of a table how many rows the cell beside it spans; 0 where there is none, 1 where it goes on."""
    more = int(closed)
    if count < 4:
        return [count + more, *[1] * (count - 1)] if count + more > 1 else [0] * count
    return [2, 1, *[0] * (count - 4), 2 + more, 1]


# --- mathematics -----------------------------------------------------------------------------------------------------


Line = tuple[str, str]
"""A line of a display, left and right of where lines are aligned; the right one has the equals sign."""


def _display(rows: tuple[bl.Row, ...], function: str = "formula") -> str:
    room = ROOM - INSET[function]
    set_rows = fitted(rows, room)
    left = max(width(r.lhs) if r.lhs is not None else 0.0 for r in set_rows)
    bare = [_lines(replace(r, tail=None), room, left) for r in set_rows]
    # Lines that are taken for one, as those of a long display at its ends, have no columns.
    most = LISTED if sum(r.tail is not None for r in set_rows) > 1 and function == "formula" else SHORT[function]
    whole = not _taken_together(sum(len(texts) for texts, _ in bare), function, most)
    end = range_column(set_rows, reach_of(bare, room), room) if whole else None
    found = [_lines(r, room, left, ranges=end is not None) for r in set_rows]
    column = _remark_column(set_rows, found, end, room)
    if end is not None and column is None and any(r.reason for r in set_rows):
        # Remarks behind the lines would push a column of ranges off the page.
        end, found = None, [_lines(r, room, left) for r in set_rows]
        column = _remark_column(set_rows, found, end, room)
    pairs = zip(set_rows, found, strict=True)
    edges = (left, column, room)
    groups = [group for r, (texts, own) in pairs for group in _remarked(texts, r, own, edges, ranges=end is not None)]
    count = sum(map(len, groups))
    if count > most and function == "worked" and end is None:
        # Where the end of a page may part them, a remark stays with what it is about, and so does the rest of a row.
        groups = [group if len(group) == 1 else [_unit(group)] for group in groups]
    lines = [line for group in groups for line in group]
    if len(lines) == 1 and column is None:
        body = " ".join(side for side in lines[0] if side)
    elif not _taken_together(len(lines), function, most):
        body = " \\\n".join(map(_aligned, lines))
        function = _LONGER[function] if count > most else function
    else:  # The first line, and the last one, on the page of its neighbour.
        body = " \\\n".join([f"& {_stacked(lines[:2])}", *map(_aligned, lines[2:-2]), f"& {_stacked(lines[-2:])}"])
        function = "long"
    return f"#{function}({string(equations_text(rows))}, $ {body} $)"


def _remark_column(
    rows: Sequence[bl.Row], found: Sequence[tuple[list[Line], float]], end: float | None, room: float
) -> float | None:
    """Where a column of remarks begins, behind the longest line or the column of ranges that ends there."""
    reach = end or reach_of(found, room)
    alone = [(r, own) for r, (_, own) in zip(rows, found, strict=True)]
    return reach if in_column(alone, reach, room) else None


def _taken_together(count: int, function: str, most: int) -> bool:
    """Whether the lines at either end of a display of so many are taken for one, so that they stay on a page."""
    return count > most and function != "worked"


def _beside(rows: tuple[bl.Row, ...], function: str = "formula") -> str:
    """Several equations on a line, aligned in columns."""
    lines = side_by_side(rows, ROOM - INSET[function])
    if all(len(line) == 1 for line in lines):
        return _display(rows, function)
    body = " \\\n".join(" &wide ".join(map(_cell, line)) for line in lines)
    function = _LONGER[function] if len(lines) > SHORT[function] else function
    return f"#{function}({string(equations_text(rows))}, $ {body} $)"


def _cell(r: bl.Row) -> str:
    tail = f", quad {to_typst(r.tail)}" if r.tail is not None else ""
    remark = f" #why(${to_typst(as_formula(r.reason))}$)" if r.reason else ""
    return f"{to_typst(r.lhs)} &= {to_typst(r.right)}{tail}{remark}" if r.lhs else f"&{to_typst(r.right)}{tail}{remark}"


def _remarked(
    lines: list[Line], r: bl.Row, reach: float, edges: tuple[float, float | None, float], *, ranges: bool
) -> list[list[Line]]:
    """The lines of a row with its remark: in a column, behind the last line, or on lines of its own.

    Lines that belong on one page are together.  ``edges`` are where the left sides end, where a column of remarks
    begins, if there is one, and where the room ends.
    """
    *before, (head, last) = lines
    if not r.reason:
        return together(lines)
    left, column, room = edges
    text = f"#why(${to_typst(as_formula(r.reason))}$)"
    if column is not None and fits_beside(r.reason, column, room):
        return together([*before, (head, f"{last}{' && &&' if ranges and r.tail is None else ' &&'} {text}")])
    if column is None and fits_beside(r.reason, reach, room):
        return together([*before, (head, f"{last} {text}")])
    function = "why" if column is None else "why-below"
    own = remark_lines(r.reason, room - left - GAP)
    return together(lines, [("", f"#{function}(${to_typst(line)}$)") for line in own])


def _unit(lines: Sequence[Line]) -> Line:
    """Lines that Typst takes for one, beside a left side that keeps the room of theirs."""
    left = f"#context h(measure($display({argument(lines[0][0])})$).width) thick" if lines[0][0] else ""
    return left, _stacked(lines)


def _aligned(line: Line) -> str:
    left, right = line
    return f"{left} &{right}" if left else f"&{right}" if right.startswith(("quad", "wide", "=")) else f"& {right}"


def _stacked(lines: Sequence[Line]) -> str:
    """Lines that Typst takes for one, which it cannot part: a table whose left sides stick out to the left.

    Typst aligns other lines behind the space before the equals sign, which is what the table is moved by.
    """
    cells = []
    for left, right in lines:
        # Where there is no equals sign, there is no space to make good for.
        back = f"#context h(-measure($display({argument(left)})$).width)" if left else "thick"
        cells.append(f"display({argument(' '.join(side for side in (back, left, right) if side))})")
    return f"#h(-0.2778em) mat(delim: #none, align: #start, row-gap: #0.75em, {'; '.join(cells)})"


def _lines(r: bl.Row, room: float, left: float, *, ranges: bool = False) -> tuple[list[Line], float]:
    """One row as lines of an alignment whose left sides are ``left`` em wide, and where the last one ends.

    A row that is too wide is broken.  With ``ranges`` they have a column of their own.
    """
    start = left + (EQUALS if r.lhs is not None else 0.0)
    room -= start
    parts = broken(r.right, room, room - HANGING)
    first = ("", to_typst(parts[0]))
    if r.lhs is not None:
        first = ("" if r.again else to_typst(r.lhs), f"= {to_typst(parts[0])}")
    # The empty words keep the space around a sign at the start of a line.
    lines = [first, *(("", f'quad ""{_after_words(to_typst(part))}') for part in parts[1:])]
    end = start + width(parts[-1]) + (HANGING if len(parts) > 1 else 0.0)
    if r.tail is None:
        return lines, end
    head, last = lines[-1]
    if ranges:
        return [*lines[:-1], (head, f"{last}, && quad {to_typst(r.tail)}")], end
    if width(parts[-1]) + width(r.tail) + BEFORE_RANGE + number_width(r.reason) > room:
        return [*lines[:-1], (head, last + ","), ("", f"wide {to_typst(r.tail)}")], start + 2.0 + width(r.tail)
    return [*lines[:-1], (head, f"{last}, quad {to_typst(r.tail)}")], end + BEFORE_RANGE + width(r.tail)


def _after_words(text: str) -> str:
    return text if text.startswith('"') else f" {text}"


# --- text ------------------------------------------------------------------------------------------------------------


def _inline(item: bl.Inline, whole: float, *, tall: bool = False) -> str:
    if isinstance(item, bl.Math):
        function = "tall" if tall else "formula"
        formula = f"{function}({string(inlines_plain((item,)))}, ${to_typst(item.layout)}$)"
        return f"#box({formula})" if _parted(item.layout) and width(item.layout) <= whole else f"#{formula}"
    if isinstance(item, bl.Ref):
        return f"#{'marked' if item.here else 'linked'}({string(item.target)})[{item.text}]"
    if isinstance(item, bl.Break):
        return "#linebreak()"
    if isinstance(item, bl.Link):
        return f"#link({string(item.address)})[{escape(item.text)}]"
    if isinstance(item, bl.Text):
        if item.style == "code":
            return f"#code({string(item.text)})"
        text = escape(item.text)
        return f"#{_STYLES[item.style]}[{_guarded(text)}]" if item.style != "plain" else text
    raise TypeError(f"no Typst for inline content of type {type(item).__name__}")


def _parted(layout: Layout) -> bool:
    """Whether a line of text could end within the formula: Typst lets it after a sign of relation or operation."""
    items = layout.items if isinstance(layout, lay.Row) else ()
    return any(_parted(item) or (isinstance(item, lay.Op) and item.spacing in ("relation", "binary")) for item in items)


def escape(text: str) -> str:
    """Plain text as Typst markup."""
    return _SPECIAL.sub(lambda match: "\\" + match[0], " ".join(re.split(r"[ \n\t]+", text)))


def _guarded(text: str) -> str:
    """A paragraph whose first sign does not turn it into a heading or a list."""
    match = _LINE_START.match(text)
    if match is None:
        return text
    sign = match[2]
    escaped = sign[:-1] + "\\" + sign[-1]
    return match[1] + escaped + text[match.end() :]
