"""What the names of code stand for: quantities, and derivatives by the names that programmers give them.

``dz``, ``d_z``, ``dL_dz``, ``dLdz``, ``grad_z`` and ``z_bar`` are dL/dz where nothing is called so; ``y_hat`` is
``yhat`` where only that is declared.  Knows the names of a scope and their shapes; knows no grammar.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backsym.core.expr import Labels
from backsym.core.functions import FUNCTIONS
from backsym.core.lazy import Kept, lazy
from backsym.core.names import SHORT, split_name
from backsym.reading.meaning.scope import Scope
from backsym.reading.python.lexer import spelled

_MODULES = frozenset("np numpy torch jnp jax tf nn scipy sp math F functional special linalg xp cp".split())
_LOSSES = ("L", "J", "E", "C", "loss", "Loss", "cost", "ell")
_BEFORE = ("d_", "grad_", "d")
_AFTER = ("_grad", "_bar", "bar")


MEANINGS = 1000
"""Words whose meaning is kept."""


@dataclass(frozen=True)
class Words:
    """The names of one scope."""

    scope: Scope

    @property
    def loss(self) -> str:
        return self.scope.loss or ""

    @lazy
    def losses(self) -> frozenset[str]:
        """The names of the loss: its own, and the usual ones that mean nothing else."""
        usual = (name for name in _LOSSES if not self.scope.has(name))
        return frozenset((self.loss, *usual)) if self.loss else frozenset()

    @lazy
    def _spellings(self) -> dict[str, str]:
        """Declared names without their underscores, and as Greek letters are called; of two alike neither.

        The members of X are x_n, and z_n stacked are Z: the letter of a family may have the other case.
        """
        found: dict[str, str] = {}
        for name in (*self.scope.names, *self.scope.dims):
            for key in dict.fromkeys(_keys(name)):
                found[key] = "" if found.get(key, name) != name else name
        for name in sorted(self.scope.families):
            base, _ = split_name(name)
            if len(base) == 1:
                found.setdefault(base.swapcase() + name[1:], name)
        return found

    def declared(self, word: str) -> str | None:
        """The quantity or dimension of this spelling."""
        if self.scope.has(word) or word in self.scope.dims:
            return word
        return next((name for key in _keys(word) if (name := self._spellings.get(key))), None)

    def family(self, size: str) -> str | None:
        """The family whose letter in the other case is that of a size: h for H; None for other words."""
        if size not in self.scope.dims or len(size) != 1:
            return None
        return size.swapcase() if size.swapcase() in self.scope.families else None

    def meaning(self, word: str) -> tuple[str, bool]:
        """The name that a word stands for, and whether the derivative of the loss by it is meant."""
        return self._meanings.get(word, lambda: self._meaning(word))

    @lazy
    def _meanings(self) -> Kept[str, tuple[str, bool]]:
        """What words mean: a class writes few different ones, each of them many times."""
        return Kept(MEANINGS)

    def _meaning(self, word: str) -> tuple[str, bool]:
        scope = self.scope
        if scope.has(word) or word in scope.dims or scope.range_of(word) is not None:
            return word, False
        if (name := self.declared(word)) is not None:
            return name, False
        if self.loss and (name := self._below(word)) is not None:
            return name, True
        return word, False

    def _below(self, word: str) -> str | None:
        """The quantity that a derivative of code is by; None for other words."""
        if word[:1] == "d":
            for loss in self.losses:
                rest = word.removeprefix("d" + loss)
                if rest != word and rest.lstrip("_")[:1] == "d" and (name := self._quantity(rest.lstrip("_")[1:])):
                    return name
        for before in _BEFORE:
            if word.startswith(before) and (name := self._quantity(word[len(before) :])):
                return name
        return next((name for a in _AFTER if word.endswith(a) and (name := self._quantity(word[: -len(a)]))), None)

    def _quantity(self, word: str) -> str | None:
        name = self.declared(word.removeprefix("_"))
        return name if name is not None and self.scope.has(name) else None

    def is_partial(self, above: str, below: str) -> bool:
        """Whether ``dX/dY`` is a derivative: of the loss, or of a node, by a quantity, and dX is no name."""
        if not self.scope.derivatives or self.scope.has("d" + above) or self._quantity(below) is None:
            return False
        name = self.declared(above)
        return above in self.losses or (name is not None and self.scope.has(name))

    def is_quantity(self, word: str) -> bool:
        """Whether a word that stands before parentheses is no function."""
        name = self.meaning(word.rstrip("'"))[0]
        return name not in FUNCTIONS and self.scope.has(name)

    def is_array(self, name: str) -> bool:
        return name in self.scope.names and bool(self.scope.names[name].shape)

    def is_label(self, name: str) -> bool:
        """Whether a name is that of classes, so that an entry of it is a position."""
        return isinstance(self.scope.names.get(name), Labels)

    def is_module(self, name: str, member: str = "", count: int = 0) -> bool:
        """Whether a name before a dot is a library: it is none of a quantity unless a function of numbers follows."""
        if name not in _MODULES:
            return False
        known = FUNCTIONS.get(member)
        return not self.scope.has(name) or (count == 1 and known is not None and known.kind == "elementwise")


def _keys(name: str) -> Iterator[str]:
    """What a name is known by: without underscores, with short Greek names in full."""
    word = spelled(name)
    yield word.replace("_", "")
    base, tag = split_name(word)
    if base in SHORT:
        yield SHORT[base] + tag.replace("_", "")


__all__ = ["Words"]
