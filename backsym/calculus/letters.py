"""Index letters and numbers as they are shown: the author's first, with primes on a clash of letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from backsym.calculus.terms import Index
from backsym.core.expr import Dim, Entry, Ix, Neg, Num, Pow, Shape, Sym, walk
from backsym.core.names import split_name
from backsym.core.problem import Problem

_ALPHABET = "ijklmnpqrsuvabcfgh"
LARGEST = 300
"""Exponent of a power of ten that is one number."""
_OWN_LETTER = frozenset("IJKMNPQRS")


class Namer:
    """Letters for the dimensions of one problem."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self._by_dim: dict[Dim, list[str]] = {}
        for letter, dim in problem.index_dims.items():
            self._by_dim.setdefault(dim, []).append(letter.rstrip("'"))
        self._spelling: dict[Fraction, str] = {}
        for equation in problem.equations:
            for node in walk(equation.rhs):
                if isinstance(node, Num) and node.text and not node.text.lstrip("-").isdecimal():
                    self._spelling.setdefault(abs(node.value), node.text.lstrip("-"))
                elif isinstance(node, Pow) and (power := _power_of_ten(node)) is not None:
                    self._spelling.setdefault(Fraction(10) ** power, f"1e{power}")
        taken = set(problem.index_dims)
        taken |= {split_name(name)[0] for name, s in problem.symbols.items() if not s.shape}
        for equation in problem.equations:
            for ix in equation.indices[equation.picked :] if equation.picked else ():
                if ix.dim != 1 and ix.dim not in self._by_dim:
                    self._by_dim[ix.dim] = [ix.letter.rstrip("'")]
                    taken.add(ix.letter.rstrip("'"))
        taken |= {split_name(name)[0] for name in (*problem.symbols, *problem.dims)}
        self._by_name: dict[str, tuple[Ix, ...]] = {}
        taken |= self._authors()
        for symbol in problem.symbols.values():
            for dim in symbol.shape:
                if dim != 1 and dim not in self._by_dim:
                    letter = self._pick(dim, taken)
                    taken.add(letter)
                    self._by_dim[dim] = [letter]

    def _authors(self) -> set[str]:
        """Learns the letters that the equations have where none is declared, by axis and by array; gives them all."""
        declared, own = set(self._by_dim), {c for letters in self._by_dim.values() for c in letters}
        symbols = self.problem.symbols
        for entry in (node for eq in self.problem.equations for node in walk(eq.rhs) if isinstance(node, Entry)):
            plain = [ix for ix in entry.indices if type(ix) is Ix and not ix.fixed and "'" not in ix.letter]
            for ix in plain:
                if ix.dim not in declared and ix.letter not in own:
                    self._by_dim.setdefault(ix.dim, []).append(ix.letter)
                    own.add(ix.letter)
            name = entry.base.name if isinstance(entry.base, Sym) else ""
            distinct = len({ix.letter for ix in plain}) == len(entry.indices)
            if name in symbols and distinct and not any(ix.dim in declared for ix in plain):
                self._by_name.setdefault(name, tuple(plain))
        return own

    @staticmethod
    def _pick(dim: Dim, taken: set[str]) -> str:
        """A letter that no quantity and no size has; n is for N where there is another."""
        if isinstance(dim, str) and dim in _OWN_LETTER and dim.lower() not in taken:
            return dim.lower()
        free = [c for c in _ALPHABET if c not in taken]
        return next((c for c in free if c != "n" or dim == "N"), (free or [primed("i", taken)])[0])

    def number(self, value: Fraction) -> Num:
        """A number, spelled as the author spelled it: 0.01 stays 0.01."""
        return Num(value, self._spelling.get(value))

    def hint(self, dim: Dim) -> str:
        return self._by_dim.get(dim, ["i"])[0]

    def for_shape(self, shape: Shape) -> tuple[Ix, ...]:
        """One letter for each axis; an axis of length one is at position 1."""
        out: list[Ix] = []
        for dim in shape:
            if dim == 1:
                out.append(Ix("1", 1))
                continue
            taken = {ix.letter for ix in out}
            options = list(dict.fromkeys(self._by_dim.get(dim, ["i"])))
            letter = next((c for c in options if c not in taken), None)
            out.append(Ix(letter or primed(options[0], taken), dim))
        return tuple(out)

    def for_symbol(self, name: str) -> tuple[Ix, ...]:
        """The author's letters of a node written entry by entry, else one for each axis."""
        equation = self.problem.by_name.get(name)
        shape = self.problem.symbols[name].shape
        if equation is not None and equation.indices:
            return tuple(Ix("1", 1) if d == 1 else ix for d, ix in zip(shape, equation.indices, strict=True))
        if name in self._by_name:
            return self._by_name[name]
        return self.for_shape(shape)

    def letter(self, index: Index, taken: Iterable[str]) -> Ix:
        """A letter for a bound index that no letter in scope equals."""
        if index.fixed:
            return Ix(str(-index.serial), index.dim)
        return self.free(index.dim, set(taken), index.hint)

    def free(self, dim: Dim, taken: Collection[str], hint: str | None = None) -> Ix:
        """An index over ``dim`` by the letter that is wanted, else another of the author's, else with primes."""
        wanted = hint or self.hint(dim)
        options = (wanted, *self._by_dim.get(dim, ()))
        return Ix(next((c for c in options if c not in taken), None) or primed(wanted, taken), dim)


def _power_of_ten(e: Pow) -> int | None:
    """The exponent of ``10**-5``, which is spelled as such a number is; None for others and for 100."""
    exponent = e.exp
    sign = -1 if isinstance(exponent, Neg) else 1
    exponent = exponent.arg if isinstance(exponent, Neg) else exponent
    ten = isinstance(e.base, Num) and e.base.value == 10
    if (
        not ten
        or not isinstance(exponent, Num)
        or exponent.value.denominator != 1
        or not 2 < abs(exponent.value) <= LARGEST
    ):
        return None
    return sign * int(exponent.value)


def primed(letter: str, taken: Collection[str]) -> str:
    """The letter itself if it is free, else with as few primes as make it so."""
    while letter in taken:
        letter += "'"
    return letter


Letters = Mapping[Index, Ix]
