r"""What the letters of a formula mean: a vocabulary made from the declared names.

``z^{(2)}`` is the quantity z2 because z2 is declared, and a power otherwise; ``W_{1,kj}`` is an entry of W1 because W1
is declared as a matrix.  A spelling is looked up by its base letter and its tag, so that superscript and subscript
tags, fonts and arrows all find the same name.

Knows declared names and ranks; knows no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backsym.core.dims import Dim
from backsym.core.errors import InputError
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.core.lazy import lazy
from backsym.core.names import GREEK, SHORT, accented_name, split_name
from backsym.core.problem import Dimension
from backsym.core.source import Source
from backsym.reading.latex.lexer import ACCENTS, FONTS, WIDE_ACCENTS, Token, tokenize
from backsym.reading.syntax import Node

Key = tuple[str, str]
"""Base and tag: ('z', '2').  An accent stands before the base: ('hat:y', '')."""

_WORDS = {
    "ln": "log", "logistic": "sigmoid", "sig": "sigmoid", "sigma": "sigmoid", "tr": "trace",
    "crossentropy": "cross_entropy", "ce": "cross_entropy", "xent": "cross_entropy",
    "bce": "binary_cross_entropy",
    "binarycrossentropy": "binary_cross_entropy", "se": "squared_error", "squarederror": "squared_error",
    "swish": "silu", "lrelu": "leaky_relu", "sgn": "sign", "lse": "logsumexp", "avg": "mean",
}  # fmt: skip
_MEANT = ("sigma", "delta", "pi")
"""Greek letters that mean something by themselves."""
_BUILT_IN = ("sum", "mean", "max", "min", "ones", "eye", "zeros", "vec", "concat", ABSTRACT_LOSS)
LOSS_WORDS = {"ce": "cross_entropy", "xent": "cross_entropy", "bce": "binary_cross_entropy", "se": "squared_error"}
"""The marks of a named loss, as in ``\\mathcal{L}_{\\text{CE}}(y, t)``."""


def _plain_word(word: str) -> str:
    return re.sub(r"[ ,_\-\\]", "", word).lower()


def function_words() -> dict[str, str]:
    """Every spelling of a function of the table as a word, in lower case without hyphens, with its name."""
    words = dict(_WORDS)
    for name, function in FUNCTIONS.items():
        words[_plain_word(name)] = name
        word = _word_of(function.latex)
        if word is not None and word not in GREEK:
            words.setdefault(_plain_word(word), name)
    words.update({name: name for name in _BUILT_IN})
    return words


def _word_of(latex: str) -> str | None:
    """The word of a macro or an upright name."""
    match = re.fullmatch(r"\\(?:text|operatorname)\{(.*)\}|\\([a-z]+)", latex)
    return None if match is None else match[1] or match[2]


def function_of_word(latex: str) -> str | None:
    """The function that a spelling means, whatever the table says that it writes itself."""
    word = _plain_word(_word_of(latex) or "")
    return _WORDS.get(word) or next((name for name in FUNCTIONS if _plain_word(name) == word), None)


@dataclass(frozen=True)
class Found:
    """A name with the indices that the subscript gives it."""

    name: str
    indices: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The names that a formula may use.

    ``ranks`` has every quantity with its number of axes, None where that is not known yet.  ``latex`` has the declared
    spellings of names and dimensions.  ``letters`` are index letters.  ``layer`` and ``gradient`` choose the notation.
    """

    ranks: Mapping[str, int | None]
    dims: Mapping[str, Dimension] = field(default_factory=dict)
    letters: frozenset[str] = frozenset()
    abstract: frozenset[str] = frozenset()
    loss: str | None = None
    layer: str = "superscript"
    gradient: str = "nabla"
    delta: str = ""
    """The letter of the nodes the derivatives by which are deltas; none by default."""
    latex: Mapping[str, str] = field(default_factory=dict)
    families: frozenset[str] = frozenset()
    """Quantities whose letter may have either case: a capital for the whole, a small one for its members."""
    above: frozenset[str] = frozenset()
    """Index letters of members that are written above, ``a^{(l)}``; those of ``bare`` without parentheses."""
    bare: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    """The last positions of such letters, ``a^{(M)}``."""
    started: frozenset[str] = frozenset()
    """Quantities that have a member before the first, ``h_0``."""
    layered: frozenset[str] = frozenset()
    """Quantities whose members are numbered above: a number there is a position, ``a^{(1)}``."""
    numbered: frozenset[str] = frozenset()
    """Letters whose number below is a mark where the letter of a member stands above, ``W_1^{(l)}``."""
    marks: frozenset[str] = frozenset()
    """Letters that mark one example, the n of ``E_n`` and ``y_{nk}``."""
    from_zero: frozenset[Dim] = frozenset()
    """The dimensions whose positions count from 0."""
    open: bool = False
    """Whether a name that is not declared is a scalar of its own."""
    joined: bool = False
    r"""Whether ``\hat{y}`` declares ``yhat``, as in a problem file; in a note it is called ``y_hat``."""
    free: frozenset[str] | None = None
    """The letters that are indices below a light letter that is not declared; None for the usual ones, i to n."""

    # --- tables ---

    @lazy
    def keys(self) -> dict[Key, str]:
        """Quantities by key; of two with one key the one declared first."""
        keys = _keyed(self.ranks, self.latex)
        for name in sorted(self.families):  # The members of X are x_n, and z_n stacked are Z.
            base, tag = split_tag(name)
            other = base[0].swapcase() + base[1:]
            if len(base) == 1 or (base in GREEK and other in GREEK and other not in _MEANT):
                keys.setdefault((other, tag), name)
        return {**_joined(self.ranks, keys), **keys}

    @lazy
    def dim_keys(self) -> dict[Key, str]:
        return _keyed(self.dims, {d.name: d.latex for d in self.dims.values() if d.latex})

    @lazy
    def letter_keys(self) -> dict[Key, str]:
        return {split_tag(letter): letter for letter in self.letters if "'" not in letter}

    @lazy
    def functions(self) -> dict[str, str]:
        return function_words()

    @lazy
    def abstract_keys(self) -> dict[Key, str]:
        found = {split_tag(name): name for name in sorted(self.abstract)}
        found.update({(name, ""): name for name in sorted(self.abstract)})
        for name in self.abstract & set(self.latex):
            if (key := key_of(self.latex[name])) is not None:
                found[key] = name
        return found

    # --- look-ups ---

    def has(self, base: str, tag: str = "") -> bool:
        return (base, tag) in self.keys or (base, tag) in self.dim_keys

    def known(self, base: str) -> bool:
        """Whether any quantity has this base letter."""
        return base in self._bases

    def tagged(self, base: str) -> bool:
        """Whether tags are in use for this letter: then a superscript in parentheses is one, not a power."""
        return any(tag for other, tag in self.keys if other == base)

    @lazy
    def _bases(self) -> frozenset[str]:
        return frozenset(base for base, _ in (*self.keys, *self.dim_keys))

    def quantity(self, base: str, tag: str) -> str | None:
        """The declared quantity or dimension of this spelling."""
        key = (base, tag)
        return self.keys.get(key) or self.dim_keys.get(key)

    def is_index(self, letter: str) -> bool:
        """Whether this letter is declared as an index."""
        return letter in self.letters or tuple(letter.partition("_")[::2]) in self.letter_keys

    def letter(self, token: str, tag: str = "") -> str | None:
        """The declared index letter of this spelling."""
        return self.letter_keys.get((token, tag))

    def function(self, base: str, tag: str) -> str | None:
        """The function of this spelling: an abstract one of the file, else sigma, else a word of the table."""
        if (base, tag) in self.abstract_keys:
            return self.abstract_keys[base, tag]
        if (base, tag) == ("sigma", ""):
            return "sigmoid"
        return None

    def word(self, word: str) -> str | None:
        """The function that a word names, in any case and with or without hyphens."""
        if (word, "") in self.abstract_keys:
            return self.abstract_keys[word, ""]
        return self.functions.get(_plain_word(word))

    # --- scripts ---

    def choose(
        self, base: str, tag: str, groups: list[list[Node]], letters: frozenset[str] = frozenset(), *, bold: bool
    ) -> Found | None:
        """The quantity that a letter with a superscript tag and a subscript is, with its indices; None if undeclared.

        ``letters`` are index letters besides the declared ones.
        The subscript may hold a tag, indices, or a tag and then indices.  A reading whose indices fit the declared
        rank is preferred; of several the one that the notation would print.
        """
        items = [item for group in groups for item in group]
        best: tuple[int, Found] | None = None
        for count in range(len(items) + 1):
            if any(item.kind in ("shift", "slice", "entry") for item in items[:count]):
                break  # A sum of letters, a range, or the label of another member is no mark.
            mark = "".join(item.value for item in items[:count])
            name = next((n for n in (self.quantity(base, t) for t in (tag + mark, mark + tag)) if n), None)
            if name is None or (name not in self.ranks and count < len(items)):
                continue  # A dimension has no entries.
            if self._is_word(items[count:] if count else groups[0] if groups else [], self.ranks.get(name), letters):
                continue
            found = Found(name, tuple(items[count:]))
            grade = self._grade(found, count, letters, bold=bold)
            if best is None or grade > best[0]:
                best = grade, found
        if best and best[1].indices and self.ranks.get(best[1].name) == 0 and self.families and len(base) == 1:
            # A number has no members: beside c and C, c_j is one of C.
            other = self.choose(base.swapcase(), tag, groups, letters, bold=bold)
            return other if other is not None and other.name in self.families else best[1]
        return self._positions(best[1]) if best else None

    def _is_word(self, items: Sequence[Node], rank: int | None, letters: frozenset[str]) -> bool:
        r"""Whether what stands below an array is a word, ``c_{\text{new}}`` or ``c_{new}``, and no position."""
        bare = [item.value.rstrip("'") for item in items]
        if any(item.kind != "name" or item.children for item in items) or any(map(self.is_index, bare)):
            return False
        if any(letter in letters or letter in self.ends or self.has(letter) for letter in bare):
            return False
        long = any(len(mark) > 2 and mark.isalpha() and mark not in GREEK and mark != "ell" for mark in bare)
        run = len(bare) > 2 and rank != len(bare) and all(len(mark) == 1 and mark.islower() for mark in bare)
        return long or run

    def _grade(self, found: Found, count: int, letters: frozenset[str], *, bold: bool) -> int:
        """How well a reading fits: a bold letter stands for the whole, a light one for a scalar or an entry."""
        rank = self.ranks.get(found.name, 0)
        if any(ix.kind == "num" and ix.value == "0" for ix in found.indices):
            return 0  # Positions count from 1: c_0 is a quantity of this name, where there is one.
        if any(ix.kind == "slice" for ix in found.indices):
            return 100 * (rank is None or rank >= len(found.indices))
        if found.indices:
            bare = [ix.value.rstrip("'") for ix in found.indices if ix.kind == "name"]
            strange = any(letter not in letters and not self.is_index(letter) for letter in bare)
            fits = (70 if strange else 100) * (rank in (None, len(found.indices)))
        else:
            fits = 100 if bold or not rank else 80
        usual = not found.indices if bold or self.layer == "subscript" else count == 0
        return fits + 10 * usual

    def _positions(self, found: Found) -> Found:
        """``W_{11}`` of a matrix: the number is two positions."""
        rank = self.ranks.get(found.name)
        if rank is None or len(found.indices) != 1 or rank < 2:
            return found
        (index,) = found.indices
        if index.kind != "num" or len(index.value) != rank:
            return found
        start = index.span[0]
        return Found(
            found.name, tuple(Node("num", d, (), (start + n, start + n + 1)) for n, d in enumerate(index.value))
        )


def spelling(name: str, layer: str = "superscript") -> str:
    """``z^{(2)}`` for z2."""
    base, tag = split_tag(name)
    base = f"\\{base}" if base in GREEK else base
    if not tag:
        return base
    return f"{base}^{{({tag})}}" if layer == "superscript" else f"{base}_{{{tag}}}"


def without_accents(base: str) -> str:
    """The letter of a base."""
    return base.rpartition(":")[2]


def letter_of_name(name: str) -> str:
    """The letter of a name without its tag and accents."""
    return without_accents(split_tag(name)[0])


def split_tag(name: str) -> Key:
    base, tag = split_name(name)
    return SHORT.get(base, base), tag.replace("_", "")


def new_name(base: str, tag: str, *, joined: bool = False) -> str:
    """The name of a quantity that only the formula has: ``z1``, ``h_a``, ``y_hat``, or joined ``yhat``."""
    accent, _, base = base.partition(":") if ":" in base else ("", "", base)
    tag = accent + tag
    if not tag:
        return base
    behind = tag[0].isdecimal() or (joined and bool(accent))
    return base + tag if behind and (len(base) == 1 or base in GREEK) else f"{base}_{tag}"


def _keyed(names: Iterable[str], latex: Mapping[str, str]) -> dict[Key, str]:
    keys: dict[Key, str] = {}
    for name in names:
        spelled = key_of(latex[name]) if name in latex else None
        if spelled is not None:
            keys.setdefault(spelled, name)
    for name in names:
        if name not in latex or key_of(latex[name]) is None:
            keys.setdefault(split_tag(name), name)
    for name in names:
        # A whole word, and an accent as a word: \text{loss} is loss, \hat{y} may be called y_hat.
        keys.setdefault((name, ""), name)
        base, tag, accent = accented_name(name)
        base, tag = SHORT.get(base, base), tag.replace("_", "")
        if accent in ("star", "prime"):
            keys.setdefault((base, accent + tag), name)
            keys.setdefault((base, tag + accent), name)
        elif accent:
            keys.setdefault((f"{accent}:{base}", tag), name)
    return keys


def _joined(names: Iterable[str], keys: Mapping[Key, str]) -> dict[Key, str]:
    """The keys of names that are typed without their underscores, ``yhat`` for y_hat; of two alike neither.

    What is a product of other names is none: with w and x, wx is w times x also where there is a w_x.
    """
    found: dict[Key, str] = {}
    for name in names:
        word = name.replace("_", "")
        if word != name and len(word) > 1 and not _is_product(word, keys):
            found[word, ""] = "" if (word, "") in found else name
    return {key: name for key, name in found.items() if name}


def _is_product(word: str, keys: Mapping[Key, str]) -> bool:
    """Whether a word is made of names, of which more than one."""
    ends = {0}
    for end in range(1, len(word) + 1):
        if any((word[start:end], "") in keys for start in ends):
            ends.add(end)
    return len(word) in ends


# --- the spelling of a declared name ---------------------------------------------------------------------------------


def key_of(latex: str) -> Key | None:
    r"""Base and tag of a short spelling such as ``\mathbf{W}^{(1)}``, ``\hat{y}``, ``D_{1}``; None for others."""
    try:
        tokens = tokenize(Source(latex))[:-1]
    except InputError:
        return None
    base = ""
    tag = ""
    accents: list[str] = []
    in_tag = False
    for token in tokens:
        if token.kind == "macro" and token.text in FONTS:
            continue
        if token.kind == "macro" and token.text in ACCENTS and not base:
            accents.append(WIDE_ACCENTS.get(token.text, token.text))
        elif token.kind == "op" and token.text in "{}()[],":
            continue
        elif token.kind == "op" and token.text in ("_", "^") and base:
            in_tag = True
        elif part := _part(token):
            if in_tag:
                tag += part
            elif base:
                return None
            else:
                base = part
        else:
            return None
    return (":".join([*accents, base]), tag) if base else None


def _part(token: Token) -> str | None:
    if token.kind in ("letter", "greek", "number", "word"):
        return token.text
    return "ell" if token.kind == "macro" and token.text == "ell" else None
