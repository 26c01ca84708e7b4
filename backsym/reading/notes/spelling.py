r"""Names that take more than a letter: with primes, ``\mathbf{y}' = \mathbf{W} \mathbf{x}``, and words, ``SSR = ...``.

A letter that an equation defines with a prime is a name wherever it has one: the prime becomes a mark below, and the
spelling of the name is kept.  Else a prime is a transpose after parentheses, a bold letter or a capital, and the sign
of a derivative after a function.  Letters side by side before an equals sign are one word, there and elsewhere.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from backsym.core.errors import InputError
from backsym.core.names import is_capital
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.equations import FormulaReader, first_looks
from backsym.reading.latex.lexer import FONTS, Token, closing, nesting, script_end
from backsym.reading.latex.names import Key
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.latex.symbols import Base
from backsym.text.pieces import partner

MARKS = {1: "prime", 2: "primeprime"}
"""The mark below for a name with so many primes."""

_ARROWS = (r"\leftarrow", r"\gets")
_ACCENTS = ("hat", "bar", "tilde", "dot")
"""Words below a letter, without braces, that are accents."""

_TERM_ENDS = ("", "|", "||", "+", "-", ")", "||)", "|)", "]", r"\}", ",", "^")
"""Signs right behind a term."""

SIGNS = {"+": "plus", "-": "minus"}
r"""The mark below for a name with a sign, ``\mathbf{x}_+``."""
_SHORTEST = 3
"""So many letters on each side of a hyphen are words."""


@dataclass(frozen=True)
class Respelt:
    """The note with marks in place of the primes of names, the spellings of these names, and what is by custom."""

    document: Document
    spelled: dict[Key, str]
    customs: tuple[tuple[int, Said], ...]


def respelt(document: Document, places: Iterable[tuple[int, int]]) -> Respelt:
    """The note with each name that takes more than a letter as the reader of formulas knows it."""
    source = document.source
    readers = [*first_looks(source, places)]
    names = {name for reader in readers for name in (*_defined(reader), *_told(reader))}
    words = {word for reader in readers for word in _words(reader)}
    words -= _differentials(words, readers)
    signed = [found for reader in readers for found in _signed(reader)]
    edits = [edit for reader in readers for edit in (*_marked(reader, names), *_in_words(reader, words))]
    edits += [edit for _, edit in signed]
    edits += [edit for reader in readers for edit in (*_accented(reader), *_element_wise(reader), *_assigned(reader))]
    edits += [edit for reader in readers for edit in (*_limits(reader), *_apart(reader), *_hyphened(reader))]
    edits += [edit for reader in readers for edit in (*_angled(reader), *_braced(reader))]
    numbered = [found for reader in readers for found in _numbered(reader)]
    known = {key for key, edit in numbered if edit is None}
    below = [edit for key, edit in numbered if edit is not None and key in known]
    edits += below
    beside = [edit for reader in readers for edit in _one_below_the_other(reader)]
    edits += beside
    turned = [edit for reader in readers for edit in _transposed(reader, names)]
    spelled = {(letter, MARKS[count]): "'" * count for letter, count in names} | dict(key for key, _ in signed)
    done = rewritten(document, sorted([*edits, *turned]))
    customs = [(edit.start, say("notes.remark.prime")) for edit in turned[:1]]
    customs += [(edit.start, say("notes.remark.in_brackets")) for edit in beside[:1]]
    customs += [(edit.start, say("notes.remark.number_below")) for edit in below[:1]]
    return Respelt(done, spelled, tuple(customs))


# --- signs as marks --------------------------------------------------------------------------------------------------


def _signed(reader: FormulaReader) -> Iterator[tuple[tuple[Key, str], Edit]]:
    r"""Letters with a sign below or above, ``\mathbf{x}_+`` and ``x^-``: names, and how they are written."""
    tokens = reader.tokens
    for n in range(1, len(tokens) - 2):
        script, sign, after = tokens[n : n + 3]
        braced = sign.text == "{" and after.text in SIGNS and tokens[min(n + 3, len(tokens) - 1)].text == "}"
        sign = after if braced else sign
        begins = after.kind in ("letter", "greek", "number", "macro", "word") or after.text in ("(", "{", "[")
        if script.text not in ("_", "^") or sign.text not in SIGNS or (begins and not braced and script.text == "^"):
            continue
        letter, _ = _letter(tokens, n - 1)
        if letter is not None:
            end = tokens[n + 3].end if braced else sign.end
            yield (
                ((letter.text, SIGNS[sign.text]), f"{script.text}{{{sign.text}}}"),
                Edit(script.start, end, rf"_{{\text{{{SIGNS[sign.text]}}}}}"),
            )


def _numbered(reader: FormulaReader) -> Iterator[tuple[tuple[str, str], Edit | None]]:
    r"""Letters with a number below, and those with one behind, ``b1``, which a mark sets below if both are one name.

    One that is on the left side of an equation or a declaration, or differentiated by, is a name itself.  What stands
    below another letter, ``a_{h2}``, is its mark.
    """
    tokens = reader.tokens
    groups = [(n, reader.closing[n + 1]) for n, t in enumerate(tokens) if t.text == "_" and n + 1 in reader.closing]
    for base, scripts, after in with_scripts(reader):
        below = [item.value for item in scripts.items] if scripts.below is not None else []
        number, before = tokens[after], tokens[max(after - 2, 0)]
        if len(below) == 1:
            yield (base.text, below[0]), None
        elif number.kind == "number" and number.text.isdecimal() and number.start == tokens[after - 1].end:
            if (before.text in ("_", "^") and after > 1) or any(a < after < b for a, b in groups):
                continue
            key = (base.text, number.text)
            yield key, Edit(number.start, number.end, f"_{{{number.text}}}")
            ahead = after < 2 or before.kind == "row" or before.text in (",", "partial", "d")
            if ahead and (tokens[after + 1].text in ("=", "in", ",", "}") or before.text in ("partial", "d")):
                yield key, None


# --- accents as they are typed ---------------------------------------------------------------------------------------


def _accented(reader: FormulaReader) -> Iterator[Edit]:
    r"""``y_hat`` and ``y^``, with nothing above: ``\hat{y}``."""
    tokens = reader.tokens
    for n in range(1, len(tokens) - 1):
        if tokens[n].kind != "op" or tokens[n].text not in ("_", "^"):
            continue
        letter, _ = _letter(tokens, n - 1)
        end = _run(tokens, n + 1)
        typed = "".join(token.text for token in tokens[n + 1 : end]) if tokens[n].text == "_" else ""
        touches = tokens[n - 1].end == tokens[n].start and (not typed or tokens[n + 1].start == tokens[n].end)
        accent, last = (typed, tokens[end - 1].end) if typed in _ACCENTS else ("", 0)
        if tokens[n].text == "^" and _bears_nothing(tokens, n):
            accent, last = "hat", tokens[n].end
        if letter is not None and touches and accent:
            first = n - 1
            if tokens[first].text == "}":
                first -= 3
            elif first and tokens[first - 1].kind == "macro" and tokens[first - 1].text in FONTS:
                first -= 1
            yield Edit(tokens[first].start, tokens[first].start, rf"\{accent}{{")
            yield Edit(tokens[n].start, last, "}")


def _bears_nothing(tokens: Sequence[Token], n: int) -> bool:
    """Whether no superscript follows a sign for one: a sign of its own, after a blank, or the end."""
    after = tokens[n + 1]
    own = after.text in ("+", "-") and after.start > tokens[n].end
    return after.kind == "end" or (after.kind == "op" and (own or after.text in (")", "=", ",", "]")))


def _assigned(reader: FormulaReader) -> Iterator[Edit]:
    r"""The arrow of a step of descent, ``w \leftarrow w - \eta \nabla_w L``: an equals sign, as in ``w := ...``."""
    for n, token in enumerate(reader.tokens):
        if token.text in _ARROWS:
            behind = reader.tokens[n + 1 :]
            row = takewhile(lambda t: t.kind not in ("row", "end") and t.text not in (*_ARROWS, ";"), behind)
            if any(t.text in ("partial", "nabla") for t in row):
                yield Edit(token.start, token.end, "=".ljust(token.end - token.start))


def _limits(reader: FormulaReader) -> Iterator[Edit]:
    r"""A sum whose upper limit stands first, ``\sum^{N}_{n=1}``, with the lower one first."""
    tokens = reader.tokens
    for n in range(1, len(tokens) - 3):
        if tokens[n].text != "^" or tokens[n - 1].text not in ("sum", "prod"):
            continue
        below = reader.closing.get(n + 1, n + 1) + 1
        end = reader.closing.get(below + 1, below + 1)
        if tokens[below].text == "_" and end < len(tokens) - 1:
            text = reader.source.text
            upper, lower = (text[tokens[a].start : tokens[b].end] for a, b in ((n, below - 1), (below, end)))
            yield Edit(tokens[n].start, tokens[end].end, lower + upper)


def _apart(reader: FormulaReader) -> Iterator[Edit]:
    r"""Derivatives that only space sets apart, ``\nabla_w L \quad \nabla_b L``: a comma between them."""
    texts = {token.text for token in reader.tokens}
    if "=" not in texts and texts & {"partial", "nabla"}:
        for token, after in pairwise(reader.tokens[:-1]):
            if "quad" in reader.source.text[token.end : after.start] and token.text not in (",", ";"):
                yield Edit(token.end, token.end, ",")


def _angled(reader: FormulaReader) -> Iterator[Edit]:
    r"""The mark of a step in angle brackets, ``a^{\langle t \rangle}`` and ``a^{<t>}``, in parentheses."""
    tokens = reader.tokens
    for n, token in enumerate(tokens[:-3]):
        last = tokens[reader.closing.get(n + 1, n + 1) - 1]
        if token.text == "^" and (tokens[n + 2].text, last.text) in (("<(", ">)"), ("<", ">")):
            yield Edit(tokens[n + 2].start, tokens[n + 2].end, "(")
            yield Edit(last.start, last.end, ")")


def _braced(reader: FormulaReader) -> Iterator[Edit]:
    r"""Braces around the parentheses of an argument, ``\sigma{(z)}``, of which nothing is seen."""
    tokens = reader.tokens
    for n, close in reader.closing.items():
        around = tokens[close - 1].text == ")" and _opening(tokens, close - 1) == n + 1
        if around and n > 0 and tokens[n - 1].kind in ("letter", "greek", "word"):
            yield from (Edit(tokens[at].start, tokens[at].end, " ") for at in (n, close))


def _element_wise(reader: FormulaReader) -> Iterator[Edit]:
    """The product of Octave, ``a .* b``."""
    for point, star in zip(reader.tokens, reader.tokens[1:], strict=False):
        if (point.text, star.text) == (".", "*") and point.end == star.start and point.kind == star.kind == "op":
            yield Edit(point.start, star.end, r" \odot ")


# --- brackets --------------------------------------------------------------------------------------------------------


def _one_below_the_other(reader: FormulaReader) -> Iterator[Edit]:
    r"""The commas of ``\mathbf{W}_f [\mathbf{h}_{t-1}, \mathbf{x}_t]``, of weights before vectors, as semicolons."""
    tokens = reader.tokens
    for n, token in enumerate(tokens):
        if token.text != "[" or n == 0:
            continue
        back = n - 1 - (tokens[n - 1].text == "cdot")
        back = _before_subscript(tokens, back + 1)
        letter, _ = _letter(tokens, back)
        if letter is None or letter.text not in ("W", "V", "U"):
            continue
        depth, commas = 0, []
        for inner in tokens[n:]:
            depth += nesting(inner)
            if depth == 0:
                break
            if depth == 1 and inner.text == ",":
                commas.append(inner)
            simple = inner.kind in ("letter", "greek", "macro", "number") or inner.text in "[]{}(),_^+-"
            if inner.kind in ("end", "row") or not simple or (depth == 1 and inner.text in "+-"):
                commas = []
                break
        yield from (Edit(comma.start, comma.end, ";") for comma in commas)


# --- words -----------------------------------------------------------------------------------------------------------


def _run(tokens: Sequence[Token], first: int) -> int:
    """The position after the letters that stand side by side from here on."""
    n = first
    while tokens[n].kind == "letter" and (n == first or tokens[n].start == tokens[n - 1].end):
        n += 1
    return n


def _words(reader: FormulaReader) -> Iterator[str]:
    """The words that are left sides, perhaps with arguments."""
    for position in reader.left_positions():
        end = _run(reader.tokens, position)
        if end - position < 2:
            continue
        close = closing(reader.tokens, end) if reader.tokens[end].text == "(" else None
        after = end if close is None else close + 1
        if reader.tokens[after].text == "=":
            yield "".join(token.text for token in reader.tokens[position:end])


def _differentials(words: Collection[str], readers: Iterable[FormulaReader]) -> set[str]:
    """Of such words those that are derivatives, "dz" and "dw" where z has an equation and w stands somewhere."""
    found = {word for word in words if len(word) == 2 and word[0] == "d"}
    lefts, letters = set[str](), set[str]()
    for reader in readers if found else ():
        letters |= {token.text for token in reader.tokens if token.kind == "letter"}
        lefts |= {reader.tokens[n].text for n in reader.left_positions() if _run(reader.tokens, n) == n + 1}
    return {word for word in found if word[1] in letters} if any(word[1] in lefts for word in found) else set()


def _in_words(reader: FormulaReader, words: Collection[str]) -> Iterator[Edit]:
    n = 0
    while words and n < len(reader.tokens):
        end = _run(reader.tokens, n)
        if end - n > 1 and "".join(token.text for token in reader.tokens[n:end]) in words:
            word = "".join(token.text for token in reader.tokens[n:end])
            yield Edit(reader.tokens[n].start, reader.tokens[end - 1].end, rf"\text{{{word}}}")
        n = max(end, n + 1)


def _hyphened(reader: FormulaReader) -> Iterator[Edit]:
    r"""Words with a hyphen below a letter, ``J_{neg-sample}``: ``J_{\text{neg-sample}}``."""
    tokens = reader.tokens
    for n, token in enumerate(tokens):
        end = reader.closing.get(n + 1, 0) if token.text == "_" else 0
        hyphens = [m for m in range(n + 2, end) if tokens[m].text == "-"]
        runs = [(a + 1, b) for a, b in pairwise([n + 1, *hyphens, end])]
        if hyphens and all(b - a >= _SHORTEST and _run(tokens, a) == b for a, b in runs):
            written = reader.source.text[tokens[n + 2].start : tokens[end - 1].end]
            yield Edit(tokens[n + 2].start, tokens[end - 1].end, rf"\text{{{written}}}")


# --- transposes ------------------------------------------------------------------------------------------------------


def _transposed(reader: FormulaReader, names: Collection[tuple[str, int]]) -> Iterator[Edit]:
    """The primes that transpose: after parentheses that are no arguments, a bold letter or a light capital."""
    tokens, text = reader.tokens, reader.source.text
    for n, token in enumerate(tokens):
        turned = Edit(token.start, token.end, "}" * text.endswith("}", token.start, token.end) + r"^{\top}")
        if token.text != "'" or tokens[n + 1].text == "'" or tokens[n - 1].text in ("'", "^", "{"):
            continue
        back = _before_subscript(tokens, n)
        if tokens[back].text == ")" and (opening := _opening(tokens, back)) is not None:
            before = tokens[opening - 1] if opening else None
            called = before is not None and (
                before.kind in ("letter", "greek", "word", "macro") or before.text in "}_'"
            )
            if not called:
                yield turned
            continue
        letter, bold = _letter(tokens, back)
        if letter is None or (letter.text, 1) in names or letter.text in ("sigma", "phi", "psi", "f", "g", "h"):
            continue
        if bold or (letter.text.isupper() and letter.kind == "letter"):
            yield turned


def _before_subscript(tokens: Sequence[Token], n: int) -> int:
    """The position before a prime, and before the subscript in front of it."""
    back = n - 1
    if back > 1 and tokens[back - 1].text == "_":
        return back - 2
    if tokens[back].text == "}":
        first = _opening(tokens, back, ("{", "}"))
        if first is not None and first > 0 and tokens[first - 1].text == "_":
            return first - 2
    return back


def _opening(tokens: Sequence[Token], close: int, signs: tuple[str, str] = ("(", ")")) -> int | None:
    return partner([token.text for token in tokens], close, signs[:1], signs[1:])


def _letter(tokens: Sequence[Token], n: int) -> tuple[Token | None, bool]:
    """The letter that ends here, and whether it is bold."""
    bold = ("mathbf", "bold", "boldsymbol", "bm", "vec")
    if tokens[n].text == "}" and n > 2 and tokens[n - 2].text == "{" and tokens[n - 3].text in bold:
        return tokens[n - 1], True
    if tokens[n].kind in ("letter", "greek"):
        return tokens[n], n > 0 and tokens[n - 1].text in bold
    return None, False


# --- primes ----------------------------------------------------------------------------------------------------------


def _defined(reader: FormulaReader) -> Iterator[tuple[str, int]]:
    """The letters with primes that are left sides."""
    for position in reader.left_positions():
        reader.position, reader.nesting = position, 0
        try:
            base = reader.base()
            scripts = read_scripts(reader, reader.additive)
        except InputError:
            continue
        if scripts.primes in MARKS and reader.at("=") and not scripts.steps and base.token.kind != "number":
            yield base.text, scripts.primes


def _told(reader: FormulaReader) -> Iterator[tuple[str, int]]:
    r"""The letters with primes that are declared, ``x, x' \in S``, and small ones that are no transposes.

    So it is where one is an argument by itself, ``k(x, x')``, or a light one a formula, or is added to its letter,
    ``x - x'``.
    """
    tokens = reader.tokens
    for n, token in enumerate(tokens[:-1]):
        if token.text != "'" or tokens[n - 1].text == "'":
            continue
        end = n
        while tokens[end + 1].text == "'":
            end += 1
        back = _before_subscript(tokens, n)
        letter, bold = _letter(tokens, back)
        if letter is None or end - n + 1 not in MARKS:
            continue
        first = _first(tokens, back)
        before, after = tokens[first - 1].text if first else "", tokens[end + 1].text
        behind = script_end(tokens, end + 1) if tokens[end + 1].text == "_" else end + 1
        said = tokens[min(behind, len(tokens) - 1)].text
        declared = said == "in" or (said == "," and any(t.text == "in" for t in tokens[end:]))
        alone = not first and not bold and tokens[end + 1].kind == "end"
        argument = alone or (after in (",", ")") and before in (",", "("))
        other = _letter(tokens, first - 2)[0] if first > 1 and before in ("-", "+") else None
        added = other is not None and other.text == letter.text and after in _TERM_ENDS
        if declared or (letter.text.islower() and (argument or added)):
            yield letter.text, end - n + 1


def _first(tokens: Sequence[Token], last: int) -> int:
    """Where the letter that ends here begins, its font included."""
    if tokens[last].text == "}":
        return max(last - 3, 0)
    return last - (last > 0 and tokens[last - 1].kind == "macro")


def _marked(reader: FormulaReader, names: Collection[tuple[str, int]]) -> Iterator[Edit]:
    for base, scripts, first in with_scripts(reader):
        if (base.text, scripts.primes) in names and not reader.at("("):
            yield from _edits(reader.source.text, reader.tokens[first : reader.position], scripts)


def with_scripts(reader: FormulaReader) -> Iterator[tuple[Base, Scripts, int]]:
    """The letters, their scripts, and where these begin; what the scripts hold is looked at, too."""
    reader.position, reader.nesting = 0, 0
    while reader.token.kind != "end":
        first = reader.position
        if reader.token.kind not in ("letter", "greek", "macro", "word"):
            reader.position += 1
            continue
        try:
            base = reader.base()
            after = reader.position
            scripts = read_scripts(reader, reader.additive)
        except InputError:
            reader.position = first + 1
            continue
        yield base, scripts, after
        reader.position = max(after, first + 1)


def numbered_members(
    source: Source, places: Iterable[tuple[int, int]], letters: Collection[str], arrays: Collection[str]
) -> frozenset[str]:
    """The letters whose number below tells weights of one layer from each other, ``W_1^{(l)}``, and no entries.

    That is so of ``arrays``, declared with this number, and of capital or bold letters that never stand without one;
    of light small letters if such a letter has the same numbers.
    """
    numbers: dict[str, set[str]] = {}
    small, other = set[str](), set[str]()
    for reader in first_looks(source, places):
        for base, scripts, _ in with_scripts(reader):
            tagged = scripts.tag in letters or (scripts.tag or "").isdecimal()
            if tagged and len(scripts.items) == 1 and scripts.items[0].kind == "num":
                numbers.setdefault(base.text, set()).add(scripts.items[0].value)
            else:
                other.add(base.text)
            if not base.bold and not is_capital(base.text):
                small.add(base.text)
    mine = {base for base, found in numbers.items() if found and base not in other}
    clear = (mine - small) | (mine & set(arrays))
    told = set[str]().union(*(numbers[base] for base in clear))
    return frozenset(clear | {base for base in mine if numbers[base] <= told})


def _edits(text: str, tokens: list[Token], scripts: Scripts) -> Iterator[Edit]:
    r"""Takes the primes away, and puts the mark first in the subscript, which may have to be made.

    A brace that closes behind a prime, ``\mathbf{x'}``, stays.
    """
    mark = rf"\text{{{MARKS[scripts.primes]}}}"
    primes = [n for n, token in enumerate(tokens) if token.text == "'"]
    below = next((n for n, token in enumerate(tokens) if token.text == "_"), None)
    raised = tokens[primes[0] - 1].text == "^" if primes[0] else False
    braced = primes[0] > 1 and tokens[primes[0] - 1].text == "{" and tokens[primes[0] - 2].text == "^"
    start = tokens[primes[0] - (2 if braced else 1 if raised else 0)].start
    end = tokens[primes[-1] + (1 if braced else 0)].end
    closing = "}" * (not braced and text.endswith("}", start, end))
    if below is None:
        yield Edit(start, end, f"{closing}_{{{mark}}}")
        return
    yield Edit(start, end, closing)
    item = tokens[below + 1]
    if item.text == "{":
        yield Edit(item.end, item.end, f"{mark},")
    else:
        yield Edit(item.start, item.end, f"{{{mark},{item.text}}}")
