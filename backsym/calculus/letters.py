"""Index letters and numbers as they are shown: the author's first, with primes on a clash of letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from backsym.calculus.terms import Index
from backsym.core.expr import Dim, Ix, Num, Shape, walk
from backsym.core.names import split_name
from backsym.core.problem import Problem

_ALPHABET = "ijklmnpqrsuvabcfgh"
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
                if isinstance(node, Num) and node.text and "." in node.text:
                    self._spelling.setdefault(abs(node.value), node.text.lstrip("-"))
        taken = set(problem.index_dims)
        taken |= {split_name(name)[0] for name, s in problem.symbols.items() if not s.shape}
        for equation in problem.equations:
            for ix in equation.indices[equation.picked :] if equation.picked else ():
                if ix.dim != 1 and ix.dim not in self._by_dim:
                    self._by_dim[ix.dim] = [ix.letter.rstrip("'")]
                    taken.add(ix.letter.rstrip("'"))
        avoid = {split_name(name)[0] for name in problem.symbols}
        for symbol in problem.symbols.values():
            for dim in symbol.shape:
                if dim != 1 and dim not in self._by_dim:
                    letter = self._pick(dim, taken, avoid)
                    taken.add(letter)
                    self._by_dim[dim] = [letter]

    @staticmethod
    def _pick(dim: Dim, taken: set[str], avoid: set[str]) -> str:
        if isinstance(dim, str) and dim in _OWN_LETTER and dim.lower() not in taken:
            return dim.lower()
        free = [c for c in _ALPHABET if c not in taken]
        return next((c for c in free if c not in avoid and not (c == "n" and dim != "N")), (free or ["i"])[0])

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


def primed(letter: str, taken: Collection[str]) -> str:
    """The letter itself if it is free, else with as few primes as make it so."""
    while letter in taken:
        letter += "'"
    return letter


Letters = Mapping[Index, Ix]
