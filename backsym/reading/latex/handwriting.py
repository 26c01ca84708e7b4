r"""What people write by hand or paste, as tokens: ``W2^T dL/dz2[k]``, ``z₁``, ``sum_k a_k b_k``, ``1(z > 0)``.

The tokens are those of LaTeX, with the places of what was written.  Words are told apart by the names of a problem:
``z2`` is the quantity and not z times 2, ``wx`` is w times x where no ``wx`` is declared.  What is LaTeX already is
left to its lexer.  Knows vocabularies; knows no grammar and no shapes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace

from backsym.core.lazy import lazy
from backsym.core.names import GREEK
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.latex.lexer import (
    MACROS,
    TYPED_ACCENTS,
    Token,
    check_lines,
    in_rows,
    inside_dollars,
    piece,
    spelled,
)
from backsym.reading.latex.names import Vocabulary

_BELOW = dict(zip("₀₁₂₃₄₅₆₇₈₉₍₎₊₋ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789()+-aeoxhklmnpstijruv", strict=True))
_ABOVE = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀⁿⁱʲᵏˡᵐᵃᵇᶜᵈᵉᶠᵍʰᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "0123456789+-()Tnijklmabcdefghoprstuvwxyz", strict=True))
_SAME = {
    "−": "-", "–": "-", "—": "-", "⊙": r"\odot", "∘": r"\odot", "·": r"\cdot", "⋅": r"\cdot", "∙": r"\cdot",
    "•": r"\cdot", "⊗": r"\otimes", "∇": r"\nabla", "×": r"\times", "⊤": r"\top",
    "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "¼": r"\frac{1}{4}",
    "𝟙": r"\mathbb{1}", "𝟏": r"\mathbb{1}", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "",
    "\u2061": "", "\u2062": "", "“": "", "”": "",
}  # fmt: skip
_COMPARED = {">=": ">=", "<=": "<=", "!=": "!=", "==": "="}
_COMPARES = ("<", ">", "≥", "≤", "≠", "!=", "==")
_COMPARING = frozenset("ge geq geqslant le leq leqslant ne neq gt lt".split())
_SUMS = ("Σ", "∑")
_MODULES = ("np", "numpy", "torch", "jnp", "tf")
_METHODS = (".T", ".t()", ".transpose()")
_OBJECTS = ("self", "model")
_GRADIENTS = (".grad.data", ".grad")
_PROSE = frozenset("if else otherwise falls wenn sonst ansonsten".split())
_FRACTIONS = tuple(("macro", f"{size}frac") for size in ("", "d", "t", "c"))
_LIMITED = ("sum", "prod", "max", "min")
_SUM_WORDS = ("sum", "summe")
_MEAN_WORDS = ("mean", "average", "mittelwert")
_ARTICLES = ("the", "die", "der")
_OVER, _OF, _ALL = ("over", "über"), ("of", "von", ":"), ("all", "alle")
_SIGN_WORDS = {"plus": "+", "minus": "-"}
_COUNTED = frozenset("αβγδεζηθικλμνξοπρςστυφχψω")
_OPENS, _CLOSES = "([{", ")]}"
_SPELLED = {"maximum": "max", "minimum": "min"}
_LOSSES = ("L", "J", "loss", "Loss")
_MAX_SPLIT = 24


def is_word(text: str) -> bool:
    """Whether this is a letter, and letters, digits and underscores after it."""
    return text.isascii() and text.isidentifier() and text[0] != "_"


def end_of(text: str, position: int, signs: str = "") -> int:
    """The place after the letters and digits, and these ``signs``, that stand here."""
    while position < len(text) and text[position].isascii() and (text[position].isalnum() or text[position] in signs):
        position += 1
    return position


def past_space(text: str, position: int, spaces: str = " \t\n\r") -> int:
    while position < len(text) and text[position] in spaces:
        position += 1
    return position


@dataclass
class Handwriting:
    """The state of one look at a text; ``single`` takes one letter only for a subscript without braces, as TeX does."""

    source: Source
    words: Vocabulary
    single: bool = False
    differential: bool = False
    """Whether a d before a quantity is the sign of a derivative, also where a quantity is called d."""
    tokens: list[Token] = field(default_factory=list)
    position: int = 0
    start: int = 0
    """Where the piece begins that is read."""
    end: int = 0
    brackets: list[str] = field(default_factory=list)
    """What closes each open bracket, by how it was opened: ``below`` in a subscript, ``}`` where a power's parentheses
    became braces, else empty."""
    subscripted: int = -1
    """The number of tokens after a subscript that another one may join."""
    below_loss: bool = False
    """Whether dL over something has been read, so that the next d is that of a derivative, too."""

    def __post_init__(self) -> None:
        self.text = self.source.text

    def run(self) -> list[Token]:
        self.position, self.end = inside_dollars(self.text, 0, len(self.text))
        check_lines(self.source, self.position, self.end)
        while self.position < self.end:
            self.start = self.position
            self.one()
        self.tokens.append(Token("end", "", self.end, self.end))
        return in_rows(self.source, self.tokens)

    def one(self) -> None:
        """Reads one piece of the text."""
        char, after = self.text[self.start], self.text[self.start + 1 : self.start + 2]
        if (accented := self.accented()) is not None:
            letter, accent, self.position = accented
            self.put(rf"\{accent}{{{letter}}}")
        elif char == "\\":
            self.macro()
        elif char.isascii() and char.isalpha():
            self.word()
        elif char.isascii() and char.isdecimal():
            self.number()
        elif char.isspace():
            self.position += 1
        elif char in _BELOW:
            self.subscript("".join(self.run_of(_BELOW)).strip("()"))
        elif char in _ABOVE:
            self.put("^{" + "".join(self.run_of(_ABOVE)) + "}")
        elif char == "." and (method := self.method()) is not None:
            self.position += len(method)
            self.put(r"^{\top}")
        elif char + after == "**":
            self.position += 2
            self.raised(tags=False)
        elif char + after in _COMPARED:
            self.position += 2
            self.sign(_COMPARED[char + after])
        elif char == "." and after in ("*", "/", "^", "'") and not self.text.startswith("**", self.start + 1):
            self.position += 1 + (after == "*")  # MATLAB's signs between entries.
            if after == "*":
                self.put(r"\odot")
        elif char in _COUNTED and after.isascii() and after.isdecimal():
            self.as_written(self.start)
            self.start, self.position = self.position, self.end_of_number(self.position)
            self.subscript(self.text[self.start : self.position])
        elif char in _SUMS:
            self.position += 1
            self.put(r"\Sigma" if char != "∑" and self.words.known("Sigma") and not self.is_over_letter() else r"\sum")
        else:
            self.other(char)

    def is_over_letter(self) -> bool:
        """Whether one letter, perhaps with a range, stands below ``Σ``, where a matrix of that name has two indices."""
        if self.words.ranks.get("Sigma") != 2:
            return False
        rest = self.text[self.position : self.position + 3]
        if rest[:2] == "_{":
            bare = self.inside(self.position + 1).replace(" ", "").partition("=")[0]
            return len(bare) == 1 and bare.isalpha()
        below = _BELOW.get(rest[:1], rest[1:2] if rest[:1] == "_" else "")
        return below.isalpha() and not (rest[2:3].isalnum() if rest[:1] == "_" else rest[1:2] in _BELOW)

    # --- writing ---

    def put(self, latex: str) -> None:
        """The tokens of this LaTeX, for the piece that is read."""
        self.tokens += spelled(latex, self.start, self.position)

    def token(self, kind: str, text: str) -> None:
        self.tokens.append(Token(kind, text, self.start, self.position))

    def sign(self, text: str) -> None:
        self.token("op", text)

    def as_written(self, start: int) -> None:
        """The piece of LaTeX that stands at ``start``."""
        made, self.position = piece(self.source, start, self.end)
        self.tokens += made

    # --- looking around ---

    @property
    def before(self) -> Token | None:
        return self.tokens[-1] if self.tokens else None

    def after_sign(self, *signs: str) -> bool:
        return bool(self.tokens) and self.tokens[-1].kind == "op" and self.tokens[-1].text in signs

    def run_of(self, table: dict[str, str]) -> list[str]:
        """What the signs that stand here mean, up to the first that is not in the table."""
        found: list[str] = []
        while self.position < self.end and self.text[self.position] in table:
            found.append(table[self.text[self.position]])
            self.position += 1
        return found

    def next_is(self, signs: str) -> bool:
        position = past_space(self.text, self.position, " \t")
        return position < self.end and self.text[position] in signs

    def inside(self, start: int) -> str:
        """What stands in the bracket that opens at ``start``; empty if nothing closes it."""
        return self.text[start + 1 : self.closing.get(start, start)]

    @lazy
    def closing(self) -> dict[int, int]:
        """The place of the bracket that closes each one that opens, of whatever kind."""
        found: dict[int, int] = {}
        stack: list[int] = []
        for n, char in enumerate(self.text):
            if char in _OPENS:
                stack.append(n)
            elif char in _CLOSES and stack:
                found[stack.pop()] = n
        return found

    @property
    def in_subscript(self) -> bool:
        return bool(self.brackets) and self.brackets[-1] == "below"

    def accented(self) -> tuple[str, str, int] | None:
        """A letter with a mark above, ``ŷ``, in one character or two; with the name of the mark and the place after."""
        char, after = self.text[self.start], self.text[self.start + 1 : self.start + 2]
        if after in TYPED_ACCENTS and char.isalpha():
            return char, TYPED_ACCENTS[after], self.start + 2
        apart = "" if char.isascii() else unicodedata.normalize("NFD", char)
        return (apart[0], TYPED_ACCENTS[apart[1]], self.start + 1) if apart[1:] in TYPED_ACCENTS and apart[1:] else None

    def method(self) -> str | None:
        """``.T`` and the like, if one stands here."""
        found = next((method for method in _METHODS if self.text.startswith(method, self.position)), None)
        end = self.position + len(found or "")
        return None if found == ".T" and end_of(self.text, end, "_") > end else found

    # --- pieces ---

    def macro(self) -> None:
        end = self.start + 1
        while end < self.end and self.text[end].isascii() and self.text[end].isalpha():
            end += 1
        name = self.text[self.start + 1 : end]
        if name and name not in MACROS and (function := self.words.word(name)) is not None:
            self.position = end
            self.token("word", function.replace("_", ""))
        else:
            self.as_written(self.start)

    def number(self) -> None:
        text, whole = self.text, self.end_of_number(self.start)
        point = text[whole : whole + 1] == "." and text[past_space(text, whole + 1) :][:1] in tuple("-+*/)],")
        self.position = whole + point
        number = text[self.start : whole]
        if number == "1" and self.is_indicator():
            self.put(r"\mathbb{1}")
        elif number == "1" and (text.startswith("_", self.position) or self.is_column_of_ones()):
            self.put(r"\mathbf{1}")
        else:
            self.tokens += [token._replace(end=whole) for token in piece(self.source, self.start, whole)[0]]

    def is_column_of_ones(self) -> bool:
        """Whether a 1 is transposed, or right of something transposed or of parentheses, where no number stands."""
        if self.is_transposed():
            return True
        last = self.before
        if self.is_before_row():
            return True
        if last is None or last.kind != "op":
            return last is not None and last[:2] == ("letter", "T")
        spaced = self.text[self.start - 1].isspace()
        return last.text == "top" or (last.text == "}" and self.after_raised_t()) or (last.text == ")" and spaced)

    def is_before_row(self) -> bool:
        """Whether a row of ones comes next: ``1 1^T``."""
        start = past_space(self.text, self.position)
        if start == self.position or not self.text.startswith("1", start):
            return False
        return replace(self, position=start + 1).is_transposed()

    def after_raised_t(self) -> bool:
        """Whether what is written last is a transpose in braces."""
        above, opening, sign, _ = ("", "", "", "", *(token.text for token in self.tokens))[-4:]
        return above == "^" and opening == "{" and sign in ("T", "top")

    def is_transposed(self) -> bool:
        """Whether a sign of a transpose comes next."""
        position = past_space(self.text, self.position)
        rest = self.text[position : position + 12]
        if rest.startswith("ᵀ") or (rest.startswith(".T") and end_of(rest, 2, "_") == 2):
            return True
        if not rest.startswith("^"):
            return False
        rest = rest[1:].lstrip().removeprefix("{").lstrip()
        if rest.startswith("T"):
            return end_of(rest, 1, "_") == 1
        return rest.startswith(r"\top") and not rest[4:5].isalpha()

    def is_indicator(self) -> bool:
        """Whether a bracket with a comparison in it follows."""
        return self.next_is(_OPENS) and compares(self.inside(past_space(self.text, self.position, " \t")))

    def raised(self, *, tags: bool = True) -> None:
        """What stands above, after its sign."""
        text, start = self.text, self.position
        inner = past_space(text, start)
        word = text[start : end_of(text, start, "_")]
        minus = past_space(text, inner + 1) if text[inner : inner + 1] == "-" else inner
        tag = text[start + 1 : self.closing.get(start, start)].strip() if text.startswith("(", start) else ""
        if len(word) > 1 and word[0] == "T" and word[1].isalpha() and self.is_turned(word[1:]):
            self.position += 1
            self.put(r"^{\top}")
        elif minus > inner and text[minus : end_of(text, minus, "_")] == "T":
            self.position = minus + 1
            self.put(r"^{-\top}")
        elif (digits := self.end_of_number(minus)) > minus:
            self.position = digits
            self.put(f"^{{{text[inner:digits]}}}")
        elif tags and tag and end_of(tag, 0) == len(tag):
            self.position = self.closing[start] + 1
            self.put(f"^{{({tag})}}")
        elif text.startswith("(", start):
            self.position += 1
            self.brackets.append("}")
            self.put("^{")
        else:
            self.sign("^")

    def end_of_number(self, position: int) -> int:
        """The place after the digits that stand here, a point and digits after it included."""
        end = position
        while self.text[end : end + 1].isdecimal() and self.text[end].isascii():
            end += 1
        point = end
        if point > position and self.text[point : point + 1] == ".":
            end = point + 1
            while self.text[end : end + 1].isdecimal() and self.text[end].isascii():
                end += 1
            return end if end > point + 1 else point
        return end

    def is_turned(self, word: str) -> bool:
        """Whether a word after a superscript sign begins with that of a transpose: ``v^TMv``, ``w^Tx_n``."""
        head = word.split("_")[0]
        if self.words.has("T" + word) or self.words.has("T" + head):
            return False
        slope = head[:1] == "d" and self.words.has(head[1:])
        return len(head) == 1 or slope or self.words.has(word) or bool(self.split(head))

    def other(self, char: str) -> None:
        """A sign."""
        self.position += 1
        if char == "⊤" and not self.after_sign("^", "{"):
            self.put(r"^{\top}")
        elif char in _SAME:
            self.put(_SAME[char])
        elif char == "^":
            self.raised()
        elif char == "_":
            self.below()
        elif char == "%" or (char == "~" and "\\" not in self.text):
            # Comments are gone by now; only beside macros a tilde is space.
            message = say("plain.unexpected_character", character=char)
            raise self.source.error(
                message, (self.start, self.start + 1), say("plain.remainder") if char == "%" else None
            )
        elif char == "@":
            pass  # Juxtaposition multiplies matrices, too.
        elif char in _OPENS:
            self.open(char)
        elif char in _CLOSES and self.brackets and self.brackets.pop() == "}":
            self.sign("}")
        else:
            self.as_written(self.start)

    def open(self, char: str) -> None:
        before = self.text[self.start - 1 : self.start] if self.start else ""
        if char == "[" and (before.isalnum() or (before and before in ")]}'₀₁₂₃₄₅₆₇₈₉ᵀ")):
            content = self.inside(self.start)
            if are_indices(content):
                self.position = self.closing[self.start] + 1
                self.subscript(content.strip())
                return
        self.as_written(self.start)
        if self.position == self.start + 1:  # Else it is a letter in the old way, {\\bf x}.
            self.brackets.append("")

    # --- subscripts ---

    def subscript(self, content: str) -> None:
        """A subscript; one right after another joins it."""
        if self.subscripted == len(self.tokens):
            self.tokens.pop()
            self.sign(",")
        else:
            self.put("_{")
        self.put(content)
        self.sign("}")
        self.subscripted = len(self.tokens)

    def below(self) -> None:
        """What follows an underscore."""
        nabla = self.after_sign("nabla")
        if self.next_is("{"):
            start = self.text.index("{", self.position)
            content = self.inside(start)
            bar = self.before is not None and self.before[:2] == ("macro", "bar")
            plain = not compares(content) and not nabla and not bar
            if plain and not set(content) & set("{}\\=+-"):
                self.position = start + len(content) + 2
                self.subscript(content)
                return
            self.position = start + 1
            self.brackets.append("below" if plain else "")
            self.put("_{")
            return
        start = past_space(self.text, self.position)
        end = end_of(self.text, start)
        if nabla and self.text[start:end][:1].isalpha():
            end -= self.glued_loss(self.text[start:end])
            self.sign("_")
            self.sign("{")
            self.position = end
            self.name(self.text[start:end])
            self.sign("}")
            return
        limit = self.before is not None and self.before[0] == "macro" and self.before[1] in _LIMITED
        if (end := self.end_of_script(start, single=self.single or limit)) > start:
            while self.text[end : end + 1] == "'":
                end += 1
            self.position = end
            self.subscript(self.text[start:end])
        else:
            self.sign("_")

    def glued_loss(self, text: str) -> int:
        r"""The length of the loss at the end of ``yL`` in ``\nabla_yL``, where only the rest is declared."""
        loss = self.words.loss or "L"
        glued = text.endswith(loss) and not self.words.has(text) and self.words.has(text.removesuffix(loss))
        return len(loss) if glued else 0

    def end_of_script(self, start: int, *, single: bool) -> int:
        """The place after a subscript without braces: a letter, or small letters and digits."""
        end = end_of(self.text, start)
        if single:
            return min(end, start + 1)
        script = self.text[start:end]
        if script[:1].isalpha() and (len(script) == 1 or script[1].isupper()):
            return start + 1
        small = next((n for n, char in enumerate(script) if char.isupper()), len(script))
        return start + small

    # --- words ---

    def word(self) -> None:
        text, end = self.text, end_of(self.text, self.start)
        while text[end : end + 1] == "_" and end_of(text, end + 1) > end + 1:
            end = end_of(text, end + 1)
        end -= text[end : end + 1] in TYPED_ACCENTS and text[end : end + 1] != ""  # The mark is above the last letter.
        word, self.position = text[self.start : end], end
        if self.before is not None and self.before[:2] in _FRACTIONS and word.isalnum() and len(word) == 2:
            word, self.position = word[0], end - 1  # \frac N2 has two arguments, as TeX reads it.
        if word in _MODULES and text[end : end + 1] == "." and text[end + 1 : end + 2].isalpha():
            self.position += 1  # np. before a function is left out.
        elif word in _OBJECTS and text[end : end + 1] == "." and not self.words.has(word):
            self.position += 1  # self.W
        elif word in _PROSE:
            self.token("word", word)
        elif (attribute := self.attribute()) and self.words.has(word):
            self.token("word", "d")
            self.name(word)
            self.position += len(attribute)
        elif self.in_subscript:
            self.as_in_latex(word)
        elif self.words.has(word) or "_" not in word or self.adjoint(word) is not None:
            self.name(word)
        else:
            # An underscore that is no part of a declared name is a subscript.
            head = self.longest(word)
            self.position = self.start + len(head)
            self.name(head)

    def attribute(self) -> str:
        """``.grad`` or ``.grad.data``, if it stands here."""
        found = next((a for a in _GRADIENTS if self.text.startswith(a, self.position)), "")
        after = self.position + len(found)
        return "" if end_of(self.text, after, "_(") > after else found

    def as_in_latex(self, word: str) -> None:
        """The letters, digits and underscores of a word, each for itself."""
        end = self.position
        self.position = self.start
        while self.position < end:
            made, self.position = piece(self.source, self.position, end)
            self.tokens += made

    def longest(self, text: str) -> str:
        """The longest declared name at the start of a word, up to one of its underscores; else up to the first."""
        parts = text.split("_")
        for count in range(len(parts), 1, -1):
            head = "_".join(parts[:count])
            if self.words.has(head) or (head[:1] == "d" and self.words.has(head[1:])):
                return head
        return parts[0]

    def name(self, text: str) -> None:
        if text == "d" and self.words.known("d") and self.is_differential(text):
            self.token("word", "d")
        elif not self.declared(text) and not self.known_word(text):
            self.unknown(text)

    def declared(self, text: str) -> bool:
        """Write a declared name, if it is one."""
        if self.words.has(text):
            self.token("letter" if len(text) == 1 else "word", text)
            return True
        return False

    def known_word(self, text: str) -> bool:
        """Write a function, a sum, a Greek letter, the d of a derivative or an indicator, if it is one."""
        lower = text.lower()
        if len(text) == 1:
            self.put(r"\mathbb{1}" if text == "I" and self.is_indicator() else text)
        elif lower in ("sum", "max", "min") and self.next_is("_"):
            self.token("macro", lower)
        elif lower in _SUM_WORDS and (letter := self.over_letter()):
            self.put(rf"\sum_{{{letter}}}")
        elif lower in _ARTICLES and self.next_word() in (*_SUM_WORDS, *_MEAN_WORDS):
            pass  # The word that says the sum follows.
        elif lower in _MEAN_WORDS and self.is_of_all():
            self.token("word", "mean")
        elif lower in _SIGN_WORDS and self.text[self.position : self.position + 1].isspace():
            self.sign(_SIGN_WORDS[lower])
        elif lower == "sigmoid" or (lower == "sigma" and not self.words.known("sigma")):
            abstract = ("sigmoid", "") in self.words.abstract_keys
            self.token(*(("word", "sigmoid") if abstract else ("greek", "sigma")))
        elif text in GREEK:
            self.token("greek", text)
        elif (function := self.words.word(_SPELLED.get(lower, text))) is not None:
            self.token("word", function.replace("_", ""))
        elif (below := self.adjoint(text)) is not None:
            self.token("letter", "d")
            self.name(below)
            if text.startswith("grad"):
                self.skip_loss()
        elif text[0] == "d" and self.is_differential(text) and self.differentiated(text[1:].lstrip("_")):
            self.token("word" if self.words.known("d") else "letter", "d")
            self.name(text[1:].lstrip("_"))
        else:
            return False
        return True

    def next_word(self) -> str:
        """What stands up to the next space, in small letters."""
        return next(iter(self.text[self.position : self.end].split(maxsplit=1)), "").lower()

    def after_word(self, position: int) -> tuple[int, str]:
        """The place after what stands up to the next space, and that."""
        word = next(iter(self.text[position : self.end].split(maxsplit=1)), "")
        return (self.text.index(word, position) + len(word) if word else position), word

    def is_of_all(self) -> bool:
        """Whether ``of (y - t)`` follows, and nothing after it; its word is taken."""
        behind, word = self.after_word(self.position)
        start = past_space(self.text, behind)
        whole = word in _OF and self.text[start : start + 1] == "(" and self.closing.get(start) == self.end - 1
        self.position = behind if whole else self.position
        return whole

    def over_letter(self) -> str:
        """The letter of ``sum over n of``, ``Summe über n von`` and ``sum over n:``, which are taken; else empty."""
        start, over = self.after_word(self.position)
        if over not in _OVER:
            return ""
        behind, letter = self.after_word(start)
        if letter in _ALL:
            behind, letter = self.after_word(behind)
        end, after = self.after_word(behind)
        bare = letter.removesuffix(":")
        if len(bare) != 1 or not bare.isalpha() or (letter == bare and after not in _OF):
            return ""
        self.position = behind if letter != bare else end
        return bare

    def is_differential(self, text: str) -> bool:
        """Whether the d of a word may be that of a derivative; where a quantity is called d, not that of a product."""
        if not self.words.known("d"):
            return True
        below, self.below_loss = self.below_loss, self.is_over(text)
        return self.below_loss or below or (self.differential and text != "d")

    def is_over(self, text: str) -> bool:
        """Whether ``dL`` stands over another d: in ``dL/dz``, or in a fraction."""
        rest = self.text[self.position : self.position + 40]
        if text == "d":
            rest = rest.lstrip().removeprefix(rf"\mathcal{{{self.words.loss}}}")
        elif text[1:] != self.words.loss:
            return False
        return "".join(rest.split())[:3].startswith(("/d", "}{d"))

    def skip_loss(self) -> None:
        """The loss that a gradient is of, ``grad_y L``."""
        start = past_space(self.text, self.position)
        end = end_of(self.text, start, "_")
        if self.text[start:end] in (self.words.loss, "L", "J") and self.text[end : end + 1] != "(":
            self.position = end

    def adjoint(self, text: str) -> str | None:
        """The quantity of an adjoint as code names it: ``dLdz``, ``dL_dz``, ``grad_z``, ``z_bar``; None for others."""
        for loss in dict.fromkeys((self.words.loss or "L", *_LOSSES)):
            if (below := text.removeprefix("d" + loss)) != text and below.lstrip("_")[:1] == "d":
                below = below.removeprefix("_")[1:].removeprefix("_")
                return below if self.words.has(below) else None
        for start in ("grad_", "grad", "d_"):
            if text.startswith(start) and self.words.has(text[len(start) :]):
                return text[len(start) :]
        barred = text.removesuffix("bar").removesuffix("_")
        return barred if text.endswith("bar") and self.words.has(barred) else None

    def differentiated(self, text: str) -> bool:
        """Whether a d before this is that of a derivative: of a quantity, of one with a tag to come, or of the loss."""
        head = text.split("_")[0]
        declared = self.words.has(text) or self.words.has(head) or self.words.known(head)
        return declared or text in (self.words.loss, "L") or bool(self.split(text))

    def unknown(self, text: str) -> None:
        pieces = self.split(text)
        if not pieces and text[-1] == "e" and self.next_is("^") and (before := self.split(text[:-1])):
            pieces = [*before, "e"]  # xe^z: x times a power of Euler's number.
        if pieces:
            for part in pieces:
                self.name(part)
        elif (glued := self.glued(text)) is not None:
            self.name(glued[0])
            self.subscript(glued[1])
        else:
            base = text.rstrip("0123456789")
            if base != text and (base in GREEK or len(base) == 1):
                self.name(base)
                self.subscript(text[len(base) :])
            else:
                self.token("word", text)

    def glued(self, text: str) -> tuple[str, str] | None:
        """``W2kj``: a declared array with a letter for each of its axes."""
        for size in range(len(text) - 1, 0, -1):
            head, letters = text[:size], text[size:]
            rank = self.words.ranks.get(head)
            if rank and rank == len(letters) and letters.isalpha() and letters.islower():
                return head, letters
        return None

    def split(self, text: str) -> list[str]:
        """A word as a product of declared names, the longest first; empty if it is none."""
        if len(text) > _MAX_SPLIT:
            return []
        pieces: list[str] = []
        while text:
            size = next((n for n in range(len(text), 0, -1) if self.words.has(text[:n])), 0)
            if not size and pieces and text[0] == "d" and self.words.has(text[1:]):
                return [*pieces, text]  # xdz: x dz
            if not size:
                return []
            pieces.append(text[:size])
            text = text[size:]
        return pieces


def compares(text: str) -> bool:
    """Whether a text has a sign or macro of a comparison."""
    if any(sign in text for sign in _COMPARES):
        return True
    found = (part[: len(part) - len(part.lstrip("abcdefghijklmnopqrstuvwxyz"))] for part in text.split("\\")[1:])
    return any(name in _COMPARING for name in found)


def are_indices(text: str) -> bool:
    """Whether a text has letters, positions, sums and multiples of them, or colons, with commas between: ``k, j+1``."""
    indices = [index.strip() for index in text.split(",")]
    parts = [part for index in indices for part in _summands(index) if index != ":"]
    return bool(parts) and text.isascii() and all(part.isdecimal() or is_word(part.rstrip("'")) for part in parts)


def _summands(index: str) -> list[str]:
    return [part.strip() for part in index.replace("-", "+").replace("*", "+").split("+")]


def handwritten(source: Source, words: Vocabulary, *, single: bool = False, differential: bool = False) -> list[Token]:
    """The tokens of a text, as those of LaTeX; raises InputError for what neither is."""
    return Handwriting(source, words, single, differential).run()
