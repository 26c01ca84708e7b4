"""Formulas of the function table, with arrays and with scalars of the index level put in."""

from __future__ import annotations

import pytest

from backsym.core.errors import InputError
from backsym.core.expr import Add, Cmp, Const, Div, Entry, Fn, Ix, Mul, Neg, Pow, Reduce, Sym, num
from backsym.core.functions import FUNCTIONS, Function
from backsym.reading.meaning.table_formulas import formula

z = Sym("z", ("K",))
Z = Sym("Z", ("N", "K"))
zk = Entry(z, (Ix("k", "K"),))


def test_names_stand_for_expressions() -> None:
    assert formula("1 - tanh(x)**2", {"x": zk}) == Add((num(1), Neg(Pow(Fn("tanh", (zk,)), num(2)))))
    assert formula("[x >= y]", {"x": z, "y": num(0)}) == Cmp(">=", z, num(0))
    assert formula("x", {"x": z}) is z


def test_sums_fit_the_rank_of_their_argument() -> None:
    text = "x - log(sum(exp(x), axis=-1, keepdims=True))"
    exp_Z, exp_z = Fn("exp", (Z,)), Fn("exp", (z,))
    assert formula(text, {"x": Z}) == Add((Z, Neg(Fn("log", (Reduce("sum", exp_Z, 1, True),)))))
    assert formula(text, {"x": z}) == Add((z, Neg(Fn("log", (Reduce("sum", exp_z),)))))
    assert formula("sum(x)", {"x": zk}) == zk


def test_pi_is_the_constant_of_formulas() -> None:
    assert formula("2/sqrt(pi)*x", {"x": zk}) == Mul((Div(num(2), Fn("sqrt", (Const("pi"),))), zk))


def test_errors_quote_the_formula() -> None:
    with pytest.raises(InputError, match="y is not declared"):
        formula("x + y", {"x": z})
    with pytest.raises(InputError, match=r"cannot add \[K\] and \[D\]"):
        formula("x + y", {"x": z, "y": Sym("y", ("D",))})


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda f: f.name)
def test_every_text_of_the_table_is_read(function: Function) -> None:
    square = Sym("X", ("K", "K"))
    arg = {"diag": square, "scalar": square, "matrix": z}.get(function.kind, Z)
    args = {name: arg if n == 0 or function.kind != "elementwise" else num(2) for n, name in enumerate(function.args)}
    for text in (*function.partials, function.definition, function.kink):
        if text is not None:
            assert isinstance(formula(text, args).shape, tuple)
    for text in function.defaults:
        assert formula(text, {}).shape == ()
