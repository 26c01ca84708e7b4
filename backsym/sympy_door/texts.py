"""A SymPy expression as a text in the language of problem files.

The text is read, resolved and checked like any other, so that this module need not know what fits together: it writes
down what SymPy says.  SymPy has sorted the terms already; its printing order is kept.  Every class that is not in the
table is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf
from sympy.matrices.expressions.matexpr import MatrixElement

from backsym.core.expr import Shape
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, REDUCTIONS
from backsym.core.kinds import RuleTable
from backsym.core.words import say
from backsym.sympy_door.functions import own_name
from backsym.sympy_door.names import Names, refuse
from backsym.sympy_door.shapes import FIRST_EXTREMES, INDEX_EXTREMES, extreme_parts, vector_indices
from backsym.sympy_door.shifts import is_shifted, parts, unguarded

ADD, MUL, POW, ATOM = 1, 2, 3, 4
"""How tightly a text holds together."""

_LETTERS = "ijklmnpqrs"


class Piece(NamedTuple):
    """A text; ``negative`` is the text of its opposite if it begins with a minus; ``array`` marks an array that SymPy
    takes for a number."""

    text: str
    level: int
    negative: Piece | None = None
    array: bool = False


def atom(text: str) -> Piece:
    return Piece(text, ATOM)


def at(piece: Piece, level: int) -> str:
    """The text, in parentheses if it holds together less tightly than ``level``."""
    return piece.text if piece.level >= level else f"({piece.text})"


@dataclass
class Writer:
    """Writes one equation.

    ``whole`` gives the text that stands for a whole array, where that is not its name; ``adjoints`` maps names such as
    ``dL_dz`` to the quantity; ``letters`` the dummies met so far.  ``shapes`` are known where a whole problem is;
    ``entries`` are the shapes that are declared, of which a number may be the only entry.
    """

    names: Names
    whole: Mapping[str, str] = field(default_factory=dict)
    adjoints: Mapping[str, str] = field(default_factory=dict)
    loss: str = ""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    entries: Mapping[str, Shape] = field(default_factory=dict)
    local: dict[Any, Piece] = field(default_factory=dict)
    letters: dict[Any, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def equation(self, lhs: Any, rhs: Any) -> str:
        """``lhs = rhs``."""
        for side in (lhs, rhs):
            self.taken |= {str(s.name) for s in side.atoms(sympy.Symbol, sympy.Idx) if not isinstance(s, sympy.Dummy)}
        return f"{self.piece(lhs).text} = {self.piece(rhs, array=True).text}"

    def piece(self, e: Any, *, array: bool = False) -> Piece:
        own = own_name(type(e)) if type(e) not in _RULES else None
        if own is not None:
            return self.call(own, e.args[: len(FUNCTIONS[own].args)])
        for kind in type(e).__mro__:
            rule = _RULES.get(kind)
            if rule is not None:
                made = rule(self, e)
                if made.array and not array:
                    raise refuse(say("sympy.array_as_number", expression=str(e)))
                return made
        raise refuse(say("sympy.no_counterpart", expression=str(e), type=type(e).__name__))

    # --- names ---

    def quantity(self, name: str) -> str:
        name = self.names.name(name)
        if name in self.adjoints:
            return f"d{self.loss}/d{self.adjoints[name]}"
        return name

    def array_name(self, name: str) -> Piece:
        name = self.names.name(name)
        return atom(self.whole[name]) if name in self.whole else atom(self.quantity(name))

    def index(self, ix: Any) -> str:
        if isinstance(ix, sympy.Dummy):
            if ix not in self.letters:
                self.letters[ix] = self.fresh()
            return self.letters[ix]
        if isinstance(ix, sympy.Integer):
            return str(int(ix))
        if is_shifted(ix):
            return self.shifted(ix)
        return self.names.letter(ix)

    def shifted(self, ix: Any) -> str:
        """``i+k-1``, in SymPy's words or ours."""
        found = parts(ix)
        if found is None:
            raise refuse(say("sympy.no_index", symbol=str(ix)), say("sympy.index_or_sum"))
        text = ""
        for letter, factor in found:
            size = abs(factor)
            term = str(size) if letter == 1 else self.index(letter) if size == 1 else f"{size}*{self.index(letter)}"
            text += ("-" if factor < 0 else "+") + term
        return text.removeprefix("+")

    def fresh(self) -> str:
        """A letter that the equation does not use."""
        primes = ""
        while True:
            for letter in _LETTERS:
                if letter + primes not in self.taken:
                    self.taken.add(letter + primes)
                    return letter + primes
            primes += "'"

    # --- arithmetic ---

    def sum_of(self, terms: Sequence[Piece]) -> Piece:
        """The terms in SymPy's order, but for a first one with a minus: ``y - t``, not ``-t + y``."""
        text = ""
        first = next((n for n, term in enumerate(terms) if term.negative is None), 0)
        for term in (terms[first], *terms[:first], *terms[first + 1 :]):
            if not text:
                text = term.text
            elif term.negative is not None:
                text += f" - {at(term.negative, MUL)}"
            else:
                text += f" + {at(term, MUL)}"
        return Piece(text, ADD) if len(terms) > 1 else terms[0]

    def product_of(self, coefficient: Any, above: Sequence[Piece], below: Sequence[Piece]) -> Piece:
        """coefficient*above/below, where the coefficient is rational; arrays multiply entry by entry."""
        if coefficient < 0:
            inner = self.product_of(-coefficient, above, below)
            return Piece("-" + at(inner, MUL), ADD, negative=inner)
        p, q = int(coefficient.p), int(coefficient.q)
        factors = [at(piece, POW) for piece in above]
        if below:
            divisors = ([str(q)] if q != 1 else []) + [at(piece, POW) for piece in below]
            factors = ([str(p)] if p != 1 else []) + factors
            under = divisors[0] if len(divisors) == 1 else f"({'*'.join(divisors)})"
            return Piece(f"{'*'.join(factors) or '1'}/{under}", MUL)
        if p != 1 or q != 1 or not factors:
            factors.insert(0, str(p) if q == 1 else f"{p}/{q}")
        if len(above) == 1 and coefficient == 1:
            return above[0]
        level = MUL if len(factors) > 1 or q != 1 else ATOM
        return Piece("*".join(factors), level)

    def factors(self, factors: Sequence[Any]) -> tuple[Any, list[Piece], list[Piece]]:
        """Factors sorted into a rational coefficient, those above the line and those below."""
        coefficient: Any = sympy.Integer(1)
        above: list[Piece] = []
        below: list[Piece] = []
        for factor in factors:
            if isinstance(factor, sympy.Rational):
                coefficient *= factor
            elif not isinstance(factor, sympy.Pow):
                above.append(self.piece(factor))
            elif isinstance(factor.exp, sympy.Rational) and factor.exp < 0:
                below.append(self.power(factor.base, -factor.exp))
            else:
                above.append(self.power(factor.base, factor.exp))
        return coefficient, above, below

    def power(self, base: Any, exponent: Any) -> Piece:
        if exponent == 1:
            return self.piece(base)
        if exponent == sympy.Rational(1, 2):
            return atom(f"sqrt({self.piece(base).text})")
        return Piece(f"{at(self.piece(base), ATOM)}**{at(self.piece(exponent), ATOM)}", POW)

    def call(self, name: str, args: Sequence[Any], *, array: bool = False) -> Piece:
        return atom(f"{name}({', '.join(self.piece(a, array=array).text for a in args)})")


# --- numbers and names -----------------------------------------------------------------------------------------------


def _rational(w: Writer, e: Any) -> Piece:
    return w.product_of(e, [], [])


def _float(w: Writer, e: Any) -> Piece:
    number = float(e)
    text = repr(number) if e._prec <= 53 else str(e)  # noqa: SLF001 (SymPy has no public name for it)
    piece = atom(text.lstrip("-"))
    return Piece("-" + piece.text, ADD, negative=piece) if number < 0 else piece


def _symbol(w: Writer, e: Any) -> Piece:
    """A number; of an array that is declared with one entry, that entry."""
    if e in w.local:
        return w.local[e]
    shape = w.entries.get(w.names.name(e.name), ())
    places = f"[{', '.join('1' for _ in shape)}]" if shape and all(d == 1 for d in shape) else ""
    return atom(f"{w.quantity(e.name)}{places}")


def _indexed(w: Writer, e: Any) -> Piece:
    return atom(f"{w.quantity(e.base.name)}[{', '.join(map(w.index, e.indices))}]")


def _element(w: Writer, e: Any) -> Piece:
    parent = e.parent
    if isinstance(parent, sympy.MatrixSymbol):
        places = [*map(w.index, vector_indices(e))]
        if len(places) == 1 and len(w.entries.get(w.names.name(parent.name), ())) == 2:
            places.append("1")
        return atom(f"{w.quantity(parent.name)}[{', '.join(places)}]")
    if parent.shape == (1, 1):
        return w.piece(parent)
    return atom(f"({w.piece(parent).text})[{', '.join(map(w.index, vector_indices(e)))}]")


# --- sums and functions ----------------------------------------------------------------------------------------------


def _add(w: Writer, e: Any) -> Piece:
    return w.sum_of([w.piece(term) for term in e.as_ordered_terms()])


def _mul(w: Writer, e: Any) -> Piece:
    return w.product_of(*w.factors(e.as_ordered_factors()))


def _pow(w: Writer, e: Any) -> Piece:
    return w.product_of(*w.factors([e]))


def _sum(w: Writer, e: Any) -> Piece:
    ranges = []
    for limit in e.limits:
        if len(limit) != 3:
            raise refuse(say("sympy.no_range", letter=str(limit[0])))
        letter, low, high = limit
        dim = high + 1 if low == 0 else high
        ranges.append(f"({w.index(letter)}, 1, {w.names.dim(dim, say('sympy.range_of', letter=str(letter)))})")
    return atom(f"Sum({w.piece(e.function).text}, {', '.join(ranges)})")


def _named(name: str) -> Callable[[Writer, Any], Piece]:
    return lambda w, e: w.call(name, e.args)


def _extreme(w: Writer, e: Any) -> Piece:
    """Numbers first, so that Max(0, x) is recognised."""
    args = sorted(e.args, key=sympy.default_sort_key)
    return w.call(type(e).__name__, args)


def _logarithm(w: Writer, e: Any) -> Piece:
    if len(e.args) != 1:
        raise refuse(say("sympy.logarithm", expression=str(e)))
    return w.call("log", e.args)


def _heaviside(w: Writer, e: Any) -> Piece:
    """The value at 0 is the second argument, 1/2 by default."""
    x = w.piece(e.args[0]).text
    above, at_zero = f"[{x} > 0]", e.args[1] if len(e.args) > 1 else sympy.Rational(1, 2)
    if at_zero == 0:
        return atom(above)
    return Piece(f"{above} + {at(w.piece(at_zero), POW)}*[{x} == 0]", ADD)


def _piecewise(w: Writer, e: Any) -> Piece:
    found = unguarded(e)
    if found is not None:
        return _inside(w, *found)
    cases = []
    for case in e.args:
        condition = case.cond
        if condition == sympy.true:
            text = "True"
        elif isinstance(condition, Relational):
            text = f"{w.piece(condition.lhs).text} {_COMPARISONS[condition.rel_op]} {w.piece(condition.rhs).text}"
        else:
            raise refuse(say("sympy.condition", condition=str(condition)))
        cases.append(f"({w.piece(case.expr).text}, {text})")
    return atom(f"Piecewise({', '.join(cases)})")


def _inside(w: Writer, expr: Any, ends: Sequence[tuple[Any, int, Any]]) -> Piece:
    """Entries that are zero outside of their arrays, as every entry is here; the ends must be those of the arrays."""
    for entry, axis, size in ends:
        shape = w.shapes.get(w.names.name(entry.base.name))
        if shape is not None and shape[axis] != w.names.dim(size, entry):
            raise refuse(say("sympy.cut_off", entry=str(entry), size=str(size), axis=axis + 1, whole=str(shape[axis])))
    return w.piece(expr)


_COMPARISONS = {">": ">", ">=": ">=", "<": "<", "<=": "<=", "==": "==", "!=": "!="}


def _delta(w: Writer, e: Any) -> Piece:
    """The letter first, so that a position finds its range."""
    i, j = sorted(e.args[:2], key=lambda ix: isinstance(ix, sympy.Integer))
    return atom(f"delta({w.index(i)}, {w.index(j)})")


def _undefined(w: Writer, e: Any) -> Piece:
    """A function by name: one of the table, a reduction, the abstract loss, or an abstract function."""
    name = w.names.name(type(e).__name__)
    if name in INDEX_EXTREMES:
        function, _, _ = extreme_parts(e)
        letters = ", ".join(map(w.index, function.variables))
        return atom(f"{INDEX_EXTREMES[name]}({w.piece(function.expr).text}, {letters})")
    if name in FIRST_EXTREMES:
        return _first_extreme(w, e, FIRST_EXTREMES[name])
    if any(isinstance(arg, sympy.Lambda) for arg in e.args):
        raise refuse(say("sympy.unread", expression=str(e)), say("sympy.define_array"))
    made = w.call(name, e.args, array=True)
    is_array = _gives_array(name, [_rank(w, a) for a in e.args])
    return Piece(made.text, made.level, array=is_array)


def _first_extreme(w: Writer, e: Any, op: str) -> Piece:
    """As a comparison with the maximum, which is the same where there is no tie."""
    function, _, positions = extreme_parts(e)
    variables = function.variables
    here = function.expr.subs(dict(zip(variables, positions, strict=True)), simultaneous=True)
    letters = ", ".join(map(w.index, variables))
    return atom(f"[{w.piece(here).text} == {op}({w.piece(function.expr).text}, {letters})]")


def _gives_array(name: str, ranks: Sequence[int]) -> bool:
    known = FUNCTIONS.get(name)
    if name == ABSTRACT_LOSS or (name in REDUCTIONS and len(ranks) == 1):
        return False
    kind = "elementwise" if known is None else known.kind
    return gives_array.of(kind)(name, ranks)


gives_array: RuleTable[Callable[[str, Sequence[int]], bool]] = RuleTable("sympy_array")
"""Whether the value of a call is an array, by the number of axes of its arguments."""


@gives_array("elementwise", "rowwise")
def _of_largest(name: str, ranks: Sequence[int]) -> bool:
    return max(ranks, default=0) > 0


gives_array("rowreduce")(lambda name, ranks: ranks[0] > 1)
gives_array("scalar")(lambda name, ranks: False)
gives_array("diag")(lambda name, ranks: True)
gives_array("matrix")(lambda name, ranks: any(s.gives for s in FUNCTIONS[name].signatures))
gives_array("vectors")(lambda name, ranks: name == "outer")


def _rank(w: Writer, e: Any) -> int:
    """0 for a number, else how many axes an argument has."""
    if isinstance(e, sympy.MatrixExpr):
        return 0 if e.shape == (1, 1) else 1 if e.shape[1] == 1 else 2
    if isinstance(e, sympy.IndexedBase):
        return 1
    return max((_rank(w, a) for a in e.args), default=0) if isinstance(e, AppliedUndef) else 0


def _derivative(w: Writer, e: Any) -> Piece:
    """phi'(u), and L'(y, t) of the abstract loss by its first argument or one entry of it."""
    function, counts = e.expr, e.variable_count
    if isinstance(function, AppliedUndef) and len(counts) == 1:
        variable, count = counts[0]
        first = function.args[0]
        name = w.names.name(type(function).__name__) + "'" * int(count)
        arguments = ", ".join(w.piece(a, array=True).text for a in function.args)
        if variable == first:
            return atom(f"{name}({arguments})")
        if isinstance(variable, sympy.Indexed) and variable.base == first:
            return atom(f"{name}({arguments})[{', '.join(map(w.index, variable.indices))}]")
        if isinstance(variable, MatrixElement) and variable.parent == first:
            return atom(f"{name}({arguments})[{', '.join(map(w.index, vector_indices(variable)))}]")
    raise refuse(say("sympy.derivative", expression=str(e)))


def _substituted(w: Writer, e: Any) -> Piece:
    """Subs(Derivative(phi(xi), xi), xi, u) is phi'(u)."""
    if isinstance(e.expr, sympy.Derivative) and len(e.variables) == 1:
        w.local[e.variables[0]] = w.piece(e.point[0])
        return _derivative(w, e.expr)
    raise refuse(say("sympy.unread", expression=str(e)))


# --- matrices --------------------------------------------------------------------------------------------------------


def _blocks(w: Writer, e: Any) -> Piece:
    """Rows of blocks below each other; those of a row side by side."""
    rows, columns = e.blockshape
    texts = [[w.piece(e.blocks[row, column], array=True).text for column in range(columns)] for row in range(rows)]
    lines = [f"concat({', '.join(row)}, axis=1)" if columns > 1 else row[0] for row in texts]
    return atom(f"concat({', '.join(lines)})" if rows > 1 else lines[0])


def _part(w: Writer, e: Any) -> Piece:
    """``W[1:H, :]``; positions count from 1, both ends taken."""
    places = []
    for (start, stop, step), size in zip((e.rowslice, e.colslice), e.parent.shape, strict=True):
        first, last = w.names.amount(start + 1), w.names.amount(stop)
        if step != 1 or first is None or last is None:
            raise refuse(say("sympy.unread", expression=str(e)), say("sympy.part"))
        places.append(":" if (start, stop) == (0, size) else f"{first}:{last}")
    column = e.parent.shape[1] == 1
    return atom(f"{at(w.piece(e.parent, array=True), ATOM)}[{places[0] if column else ', '.join(places)}]")


def _matmul(w: Writer, e: Any) -> Piece:
    """Scalars times a chain; a number such as -1 or 1/2 becomes the coefficient."""
    scalars, matrices = e.as_coeff_matrices()
    coefficient, above, below = w.factors(sympy.Mul.make_args(scalars))
    chain = [w.piece(m) for m in matrices]
    product = chain[0] if len(chain) == 1 else Piece(" @ ".join(at(m, POW) for m in chain), MUL)
    if len(chain) > 1 and (coefficient not in (1, -1) or above or below):
        product = atom(f"({product.text})")
    if coefficient in (1, -1) and not above and not below:
        return product if coefficient == 1 else Piece("-" + at(product, MUL), ADD, negative=product)
    return w.product_of(coefficient, [*above, product], below)


def _matadd(w: Writer, e: Any) -> Piece:
    return w.sum_of([w.piece(term) for term in e.args])


def _hadamard(w: Writer, e: Any) -> Piece:
    if len({tuple(arg.shape) for arg in e.args}) > 1:
        shapes = [str(tuple(arg.shape)) for arg in e.args]
        raise refuse(say("sympy.different_shapes", expression=str(e), shapes=shapes))
    return w.product_of(sympy.Integer(1), [w.piece(arg) for arg in e.args], [])


def _hadamard_power(w: Writer, e: Any) -> Piece:
    if e.exp == -1:  # A**-1 of a square matrix is its inverse.
        return Piece(f"1/{at(w.piece(e.base), POW)}", MUL)
    return w.power(e.base, e.exp)


def _applied(w: Writer, e: Any) -> Piece:
    function = e.function
    if not isinstance(function, sympy.Lambda) or len(function.variables) != 1:
        raise refuse(say("sympy.unread", expression=str(e)), say("sympy.applyfunc"))
    variable = function.variables[0]
    w.local[variable] = w.piece(e.expr)
    made = w.piece(function.expr)
    del w.local[variable]
    return made


def _ones(w: Writer, e: Any) -> Piece:
    rows, columns = (w.names.dim(size, e) for size in e.shape)
    return atom(f"OneMatrix({rows}, {columns})")


def _zeros(w: Writer, e: Any) -> Piece:
    return Piece(f"0*{_ones(w, e).text}", MUL)


def _identity(w: Writer, e: Any) -> Piece:
    dim = w.names.dim(e.shape[0], e)
    return atom("1" if dim == 1 else f"eye({dim})")


def _transpose(w: Writer, e: Any) -> Piece:
    """The transpose of a row [1, D] must be the vector [D], as every D x 1 matrix is: its only row is summed over."""
    if e.shape[1] == 1 and e.shape[0] != 1:
        return atom(f"sum({w.piece(e.arg).text}, axis=0)")
    return atom(f"{at(w.piece(e.arg), ATOM)}.T")


def _trace(w: Writer, e: Any) -> Piece:
    """Of a 1 x 1 matrix it is the number that it holds."""
    return w.piece(e.arg) if e.arg.shape == (1, 1) else w.call("trace", [e.arg])


def _matpow(w: Writer, e: Any) -> Piece:
    if isinstance(e.exp, sympy.Integer) and 1 <= e.exp <= 8:
        return Piece(" @ ".join([at(w.piece(e.base), POW)] * int(e.exp)), MUL)
    if isinstance(e.exp, sympy.Integer) and -8 <= e.exp < 0:
        return atom(f"matrix_power({w.piece(e.base).text}, {e.exp})")
    raise refuse(say("sympy.power", expression=str(e)))


def _diag(w: Writer, e: Any) -> Piece:
    arg = e.args[0]
    if 1 in arg.shape and arg.shape != (1, 1) and arg.shape[1] != 1:
        arg = arg.T
    return w.call("diag", [arg])


def _function_matrix(w: Writer, e: Any) -> Piece:
    """The gradient of the abstract loss; no other matrix is given by a formula for its entries."""
    lambda_ = e.lamda
    derivative = lambda_.expr
    if isinstance(derivative, sympy.Derivative) and len(derivative.variable_count) == 1:
        variable, function = derivative.variables[0], derivative.expr
        entry = isinstance(variable, MatrixElement) and isinstance(function, AppliedUndef)
        if entry and variable.parent == function.args[0] and variable.parent.shape == e.shape:
            arguments = ", ".join(w.piece(a, array=True).text for a in function.args)
            return atom(f"{w.names.name(type(function).__name__)}'({arguments})")
    raise refuse(say("sympy.function_matrix", expression=str(e)))


_RULES: dict[type, Callable[[Writer, Any], Piece]] = {
    sympy.Rational: _rational,
    sympy.Float: _float,
    type(sympy.pi): lambda w, e: atom("π"),
    type(sympy.E): lambda w, e: atom("exp(1)"),
    sympy.Symbol: _symbol,
    sympy.Idx: lambda w, e: atom(w.index(e)),
    sympy.Indexed: _indexed,
    sympy.IndexedBase: lambda w, e: w.array_name(e.name),
    sympy.MatrixSymbol: lambda w, e: w.array_name(e.name),
    MatrixElement: _element,
    sympy.Add: _add,
    sympy.Mul: _mul,
    sympy.Pow: _pow,
    sympy.Sum: _sum,
    sympy.exp: _named("exp"),
    sympy.log: _logarithm,
    sympy.sin: _named("sin"),
    sympy.cos: _named("cos"),
    sympy.sinh: _named("sinh"),
    sympy.cosh: _named("cosh"),
    sympy.tanh: _named("tanh"),
    sympy.sech: _named("sech"),
    sympy.erf: _named("erf"),
    sympy.Abs: _named("abs"),
    sympy.sign: _named("sign"),
    sympy.Max: _extreme,
    sympy.Min: _extreme,
    sympy.Heaviside: _heaviside,
    sympy.Piecewise: _piecewise,
    sympy.KroneckerDelta: _delta,
    AppliedUndef: _undefined,
    sympy.Derivative: _derivative,
    sympy.Subs: _substituted,
    sympy.MatMul: _matmul,
    sympy.BlockMatrix: _blocks,
    sympy.KroneckerProduct: lambda w, e: w.call("kron", e.args, array=True),
    sympy.MatrixSlice: _part,
    sympy.MatAdd: _matadd,
    sympy.HadamardProduct: _hadamard,
    sympy.HadamardPower: _hadamard_power,
    ElementwiseApplyFunction: _applied,
    sympy.OneMatrix: _ones,
    sympy.ZeroMatrix: _zeros,
    sympy.Identity: _identity,
    sympy.Transpose: _transpose,
    sympy.Trace: _trace,
    sympy.MatPow: _matpow,
    sympy.DiagMatrix: _diag,
    DiagonalOf: _diag,
    sympy.FunctionMatrix: _function_matrix,
}
