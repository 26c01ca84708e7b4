"""Other names in the texts of a problem file: in equations, plain or LaTeX, and in Markdown with $math$.

Works on texts, so that what a variant does not change stays as its author wrote it.  Whether a rewritten equation
means what it should is for the caller to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backsym.core.functions import FUNCTIONS
from backsym.core.names import GREEK, split_name
from backsym.parts.table import KINDS
from backsym.reading.latex.equations import is_latex
from backsym.text.mathtext import INLINE
from backsym.text.pieces import Piece, group, signs, words_and_signs

_WORDS = ("text", "textbf", "textit", "textrm", "operatorname", "mathrm")
"""Macros whose argument is a word."""
_KEPT = ("begin", "end", "mathbb")
"""Macros whose argument is no letter of a quantity."""
_TEXT = r"\text{"


@dataclass(frozen=True)
class Renaming:
    """``names`` are whole names of quantities, ``letters`` their letters, ``functions`` go by the names in equations.

    ``words`` replaces words in prose.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def equation(self, text: str) -> str:
        """An equation, an expression or a name."""
        return self.latex(text) if is_latex(text) else self.plain(text)

    def plain(self, text: str) -> str:
        found = [*words_and_signs(text)]
        out, position = "", 0
        for n, piece in enumerate(found):
            if piece.word:
                after = [later.text for later in found[n + 1 : n + 2]]
                before = [earlier.text for earlier in found[max(0, n - 1) : n]]
                called = text[piece.end :].lstrip("'′’ ").startswith("(") if piece.word in self.functions else False
                new = self._word(piece.word, called=called, beside="/" in (*before, *after))
                out += text[position : piece.start] + new
                position = piece.end
        return out + text[position:]

    def _word(self, word: str, *, called: bool, beside: bool) -> str:
        """A name, or the differential of one ``beside`` a slash, or a function that is called."""
        if word in self.names:
            return self.names[word]
        if word.startswith("d") and word[1:] in self.names:
            return "d" + self.names[word[1:]] if beside else word
        return self.functions[word] if called else word

    def latex(self, text: str) -> str:
        """A formula: letters of quantities wherever they stand, and functions by their signs."""
        written: dict[str, str] = {}
        for old, new in self.functions.items():
            latex = FUNCTIONS[old].latex if old in FUNCTIONS else f"\\{old}"
            upright = latex.startswith(_TEXT) and "{" not in latex[len(_TEXT) :]
            written[latex[len(_TEXT) : -1] if upright else latex[1:]] = written[old] = FUNCTIONS[new].latex
        found = signs(text)
        out, position, n = "", 0, 0
        while n < len(found):
            sign, last = found[n], self._last(found, n)
            if sign.macro in _WORDS and last > n:
                word = text[found[n + 1].end : found[last].start].strip()
                new = written.get(word, text[sign.start : found[last].end])
            elif last > n:
                new = text[sign.start : found[last].end]
            elif sign.macro in written:
                new = _apart(written[sign.macro], text[sign.end :])
            elif _is_letter(sign.text) or sign.macro in GREEK:
                new = self._letter(sign.macro or sign.text, text[sign.end :], sign.text)
            else:
                new = sign.text
            out += text[position : sign.start] + new
            position, n = found[last].end, last + 1
        return out + text[position:]

    @staticmethod
    def _last(found: Sequence[Piece], n: int) -> int:
        """The position up to which a word, an environment or the T of a transpose goes; of any other sign, its own."""
        if found[n].macro in (*_WORDS, *_KEPT):
            return group(found, n + 1) or n
        sign, *after = found[n : n + 4]
        brace = after[:1] and after[0].text == "{"
        turned, *behind = (after[1:] if brace else after) or [sign]
        touches = behind and behind[0].start == turned.end and _is_letter(behind[0].text)
        return n + 1 + bool(brace) if sign.text == "^" and turned.text == "T" and not touches else n

    def _letter(self, letter: str, after: str, written: str) -> str:
        new = self.letters.get(letter)
        if new is None:
            return written
        return _apart(f"\\{new}" if new in GREEK else new, after)

    def prose(self, text: str) -> str:
        """Markdown: formulas as formulas, words as words; code stays."""
        out, position = "", 0
        for match in INLINE.finditer(text):
            out += self._words(text[position : match.start()])
            kind = match.lastgroup or ""
            inner = match[kind] if kind else ""
            if kind in ("math", "display"):
                out += match[0].replace(inner, self.latex(inner))
            elif kind in ("strong", "emphasis"):
                out += match[0].replace(inner, self._words(inner))
            else:
                out += match[0]
            position = match.end()
        return out + self._words(text[position:])

    def _words(self, text: str) -> str:
        if not self.words:
            return text
        found = sorted(self.words, key=len, reverse=True)
        pattern = r"(?<!\w)(" + "|".join(map(re.escape, found)) + r")(?!\w)"
        return re.sub(pattern, lambda match: self.words[match[1]], text)

    def file(self, value: Mapping[str, object]) -> dict[str, object]:
        """All texts of a problem file, given as strings, lists and mappings."""
        return {key: self._field(key, item) for key, item in value.items()}

    def _field(self, key: str, value: object) -> object:
        if key in ("title", "objective", "text") and isinstance(value, str):
            return self.prose(value)
        if key in ("forward", "loss") or (key == "symbols" and not isinstance(value, dict)):
            return self._all(value)
        if key in ("symbols", "values") and isinstance(value, dict):
            return {self.plain(name): item for name, item in value.items()}
        if key == "functions" and isinstance(value, dict):
            return {name: item for name, item in value.items() if name not in self.functions}
        if key == "derivatives" and isinstance(value, dict):
            kept = {name: item for name, item in value.items() if name not in self.functions}
            moved = {self.functions[name]: item for name, item in value.items() if name in self.functions}
            return {**moved, **kept}
        if key == "parts" and isinstance(value, list):
            return [self._part(item) for item in value]
        return value

    def _all(self, value: object) -> object:
        if isinstance(value, str):
            return self.equation(value)
        return [self._all(item) for item in value] if isinstance(value, list) else value

    def _part(self, part: object) -> object:
        if not isinstance(part, dict):
            return part

        def holds(key: str) -> str | None:
            return KINDS[key].holds if key in KINDS else None

        return {
            key: self.prose(item)
            if (key in ("text", "answer") or holds(key) == "words") and isinstance(item, str)
            else self._all(item)
            if key == "form" or holds(key) == "names"
            else item
            for key, item in part.items()
        }


def names_with(letters: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The names that change with their letters; ``_`` keeps letter and tag apart where they would run together."""
    found: dict[str, str] = {}
    for name in names:
        base, tag = split_name(name)
        if base in letters:
            rest = name[len(base) :]
            new = letters[base] + rest
            found[name] = new if split_name(new) == (letters[base], tag) else f"{letters[base]}_{rest}"
    return found


def _apart(sign: str, after: str) -> str:
    """A macro that ends in a letter, with a space before another one."""
    ends = signs(sign)[-1:]
    return f"{sign} " if ends and ends[0].macro.isalpha() and after[:1].isalpha() else sign


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text.isalpha()
