r"""Tables of symbols, ``| Symbol | Shape | Meaning |``: each row becomes the item of a list that says the same.

``| $W$ | $K \times D$ | weights |`` is "- $W \in \mathbb{R}^{K \times D}$: weights", so that what reads declarations
in sentences reads those of tables.  The words of the head tell what each column is; a table with another column stays
as it is, and is named where it holds formulas.

Knows rows, cells and the grammar of declarations; knows no equations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from backsym.core.errors import Diagnostic, InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, blanks, rewritten
from backsym.reading.latex.declarations import Declarations, shape_in_formula, subjects_in_formula
from backsym.reading.latex.lexer import tokens_in
from backsym.text.phrases import words_of

_HEADS = {
    "symbol": "symbol symbols variable variables name notation quantity parameter gr\u00f6\u00dfe variablen zeichen",
    "shape": "shape shapes size sizes dimension dimensions dim dims dimensionality form gr\u00f6\u00dfe dimensionen",
    "meaning": "meaning description role explanation bedeutung beschreibung rolle erkl\u00e4rung",
}
"""The words that may stand above each kind of column."""
_NUMBER = frozenset(("scalar", "skalar", "number", "zahl", "real number", "1", "1 1", "()"))
_NOTHING = frozenset(("", "-", "--", "---", "\u2013", "\u2014"))
_RULES = ("\\hline", "\\toprule", "\\midrule", "\\bottomrule")
_TABULARS = ("tabular", "tabular*", "tabularx", "longtable")


@dataclass(frozen=True)
class Cell:
    """The text of a cell without the space around it, and where it stands."""

    text: str
    start: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.start + len(self.text)

    @property
    def formulas(self) -> list[str] | None:
        """What stands between the signs of formulas, if nothing but commas and "and" is outside of them; else None."""
        text = self.text.replace("\\(", "$").replace("\\)", "$")
        pieces = text.split("$")
        outside = {piece.strip(" ,/") for piece in pieces[::2]} - {"", "and", "und"}
        return None if outside or len(pieces) < 3 or len(pieces) % 2 == 0 else pieces[1::2]


@dataclass(frozen=True)
class Row:
    start: int
    end: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """A table: its head, its rows, and the places of it that are no row."""

    head: Row
    rows: tuple[Row, ...]
    frame: tuple[tuple[int, int], ...]


def with_tables(
    document: Document, displayed: Iterable[tuple[int, int]], *, tex: bool
) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with lists in place of tables of symbols, and what is said of other tables that hold formulas."""
    text, source = document.text, document.source
    used = {token.text for start, end in displayed for token in tokens_in(source, start, end)}
    edits: list[Edit] = []
    others: list[Row] = []
    complaints: list[Diagnostic] = []
    for grid in (*_tabulars(text), *(() if tex else _pipes(text))):
        columns = _columns(grid.head)
        if columns is None:
            others += [grid.head] if any(cell.formulas for row in grid.rows for cell in row.cells) else []
            continue
        edits += [Edit(start, end, blanks(text[start:end])) for start, end in grid.frame]
        for row in grid.rows:
            try:
                item = _item(source, row, columns, used)
            except InputError as e:
                complaints += e.diagnostics
                continue
            edits.append(Edit(row.start, row.end, f"\n- {item}" + "\n\n" * (row is grid.rows[-1])))
    if complaints:
        raise InputError(complaints)
    edits.sort()
    what: list[tuple[int, Said]] = []
    for head in others:
        longer = sum(len(edit.replacement) - edit.end + edit.start for edit in edits if edit.end <= head.start)
        heads = [cell.text for cell in head.cells]
        what.append((head.start + longer, say("notes.remark.other_table", heads=heads)))
    return rewritten(document, edits), what


def _columns(head: Row) -> dict[str, list[int]] | None:
    """The numbers of the columns of each kind; None where one is of none, or no column is of symbols."""
    found: dict[str, list[int]] = {}
    cells = [" ".join(word.text for word in words_of(cell.text)).removeprefix("textbf ") for cell in head.cells]
    for n, words in enumerate(cells):
        kinds = [kind for kind, named in _HEADS.items() if words in named.split()]
        kinds = [kind for kind in kinds if kind == "meaning" or kind not in found]
        kinds += ["symbol"] * (not n and not words)
        if len(kinds) > 1 and {*cells} & {"symbol", "variable", "zeichen"}:
            kinds.remove("symbol")  # "Größe" is the size beside another column of symbols.
        if not kinds:
            return None
        found.setdefault(kinds[0], []).append(n)
    return found if "symbol" in found and len(found) > 1 else None


def _item(source: Source, row: Row, columns: Mapping[str, Sequence[int]], used: Set[str]) -> str:
    """A row as an item of a list, in which its shape stands behind the sign of a set."""
    symbol = row.cells[columns["symbol"][0]]
    said = ", ".join(filter(None, (row.cells[n].text for n in columns.get("meaning", ()))))
    said = f": {said}" if said else ""
    shape = next((row.cells[n] for n in columns.get("shape", ())), Cell("", row.start))
    names = _names(symbol)
    if names is None:
        if shape.text not in _NOTHING and symbol.formulas is not None:
            raise source.error(say("notes.table_symbol", cell=symbol.text), symbol.span)
        return symbol.text + said
    inside = _set(shape.text) if shape.text not in _NOTHING else None
    if inside is None and shape.text not in _NOTHING and _letters(names) & used:
        raise source.error(say("notes.table_shape", cell=shape.text), shape.span, say("notes.table_shapes"))
    return (f"${names}$" if inside is None else f"${names} \\in {inside}$") + said


def _letters(formula: str) -> set[str]:
    tokens = tokens_in(Source(formula), 0, len(formula))
    return {token.text for token in tokens if token.kind in ("letter", "greek", "word")}


def _names(cell: Cell) -> str | None:
    """The names in a cell, parted by commas; a letter needs no signs of a formula."""
    letter = cell.text.strip("*")
    alone = letter[:1].isalpha() and (len(letter) == 1 or letter[1:].isdecimal())
    found = [f"{letter[0]}_{{{letter[1:]}}}" if letter[1:] else letter] if alone else cell.formulas
    names = ", ".join(found or ())
    return names if names and subjects_in_formula(Source(names), 0, len(names), Declarations()) else None


def _set(cell: str) -> str | None:
    """The set of what has the shape in a cell, or the set itself that stands there; None where none is read."""
    text = cell.replace("\\(", "").replace("\\)", "").replace("$", "").strip()
    if any(sign in text for sign in ("\\mathbb", "\\{", "\u211d")):
        return text
    if " ".join(text.lower().replace("\u00d7", " ").replace("\\times", " ").split()) in _NUMBER:
        return r"\mathbb{R}"
    listed = (text[:1], text[-1:]) in (("(", ")"), ("[", "]"))
    text = text[1:-1] if listed else text
    if text.strip() in ("1", "1,"):
        return r"\mathbb{R}"
    for sign in ("\u00d7", " x ", " X ", " by ", *([","] if listed else ())):
        text = text.replace(sign, r" \times ")
    text = text.strip().removesuffix(r"\times").strip() if listed else text.strip()
    shape = shape_in_formula(Source(text), 0, len(text), Declarations()) if text else None
    return rf"\mathbb{{R}}^{{{text}}}" if shape is not None else None


# --- rows and cells --------------------------------------------------------------------------------------------------


def _pipes(text: str) -> Iterator[Grid]:
    """The tables of Markdown: a row, a line of dashes, and rows."""
    lines: list[Row] = []
    start = 0
    for line in text.splitlines(keepends=True):
        own = line.strip()
        at = start + line.find(own) if own else start
        inner = own.removeprefix("|").removesuffix("|")
        cells = tuple(_cells(inner, at + (own[:1] == "|"), "|")) if "|" in own else ()
        lines.append(Row(at, at + len(own), cells))
        start += len(line)
    n = 0
    while n + 1 < len(lines):
        head, dashes = lines[n], lines[n + 1]
        n += 1
        if len(head.cells) > 1 and len(dashes.cells) == len(head.cells) and all(map(_is_rule, dashes.cells)):
            last = n + 1
            while last < len(lines) and lines[last].cells:
                last += 1
            rows = tuple(lines[n + 1 : last])
            if rows and all(len(row.cells) == len(head.cells) for row in rows):
                yield Grid(head, rows, ((head.start, head.end), (dashes.start, dashes.end)))
            n = last


def _is_rule(cell: Cell) -> bool:
    return "-" in cell.text and not cell.text.strip("-:")


def _tabulars(text: str) -> Iterator[Grid]:
    r"""The tables ``\begin{tabular}{ll} a & b \\ ... \end{tabular}`` outside of formulas."""
    at = 0
    open_ended: set[str] = set()
    while (begin := text.find("\\begin{", at)) >= 0:
        at = begin + 7
        name = next((name for name in _TABULARS if text.startswith(f"{name}}}", at)), "")
        close = text.find(f"\\end{{{name}}}", begin) if name and name not in open_ended else -1
        if close < 0:
            open_ended.add(name)
            continue
        start = begin + 8 + len(name)
        while text[start : start + 1] in ("{", "["):
            start = _closed(text, start, close) + 1
        at = close
        rows = [row for row in _rows(text, start, close) if len(row.cells) > 1]
        if len(rows) > 1 and len({len(row.cells) for row in rows}) == 1:
            places = [begin, *(at for row in rows[1:] for at in (row.start, row.end)), close + len(name) + 6]
            yield Grid(rows[0], tuple(rows[1:]), tuple(zip(places[::2], places[1::2], strict=True)))


def _closed(text: str, start: int, end: int) -> int:
    """Where the bracket that opens here closes, those inside counted."""
    depth = 0
    for n in range(start, end):
        depth += (text[n] in "{[") - (text[n] in "}]")
        if not depth:
            return n
    return end


def _rows(text: str, start: int, end: int) -> Iterator[Row]:
    for cell in _cells(text[start:end], start, "\\\\"):
        own, at = cell.text, cell.start
        while own.startswith(_RULES):
            rule = next(rule for rule in _RULES if own.startswith(rule))
            rest = own[len(rule) :]
            at += len(own) - len(rest.lstrip())
            own = rest.lstrip()
        yield Row(at, at + len(own), tuple(_cells(own, at, "&")))


def _cells(text: str, start: int, sign: str) -> Iterator[Cell]:
    """The pieces between signs that stand in no formula."""
    begin, inside, n = 0, False, 0
    ends = []
    while n < len(text):
        if not inside and text.startswith(sign, n):
            ends.append((begin, n))
            begin = n = n + len(sign)
            continue
        inside ^= text[n] == "$"
        n += 2 if text[n] == "\\" else 1
    for first, last in (*ends, (begin, len(text))):
        own = text[first:last].strip()
        yield Cell(own, start + first + (text[first:last].find(own) if own else 0))
