"""Programs of Python as equations: what lines change, ``dz[y] -= 1``, is put in where it is used, and loops are sums.

A loop that adds up, ``for t in range(T): dW += np.outer(dz[t], h[t])``, is a sum, one that fills an array entry by
entry says what an entry is.  What a loop assigns to names of its own is put in where it is used.  A program that does
anything else is none of these, and so is one whose rounds need one another.  Texts are parsed by the standard
library's ``ast`` and never evaluated; this module knows no names of problems and no shapes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from backsym.core.python import module_of
from backsym.reading.python.building import rounds
from backsym.reading.python.grammar import items_of

_ZEROS = ("zeros", "zeros_like")
_MOST = 4000
"""Characters of the equations that are made of a text at most: what is put in several times may grow."""
_ADDED = ("d", "g")
"""How the names of derivatives begin, which are zero until something is added to them."""
_SIGNS: Mapping[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}


class _Other(Exception):
    """A program of another kind."""


def as_equations(text: str) -> str | None:
    """The text as equations, one for each name; None where it changes nothing, is no Python, or of another kind."""
    if "^" in text:
        return None
    try:
        body: Sequence[ast.stmt] = module_of(text.strip()).body
        is_function = len(body) == 1 and isinstance(body[0], ast.FunctionDef)
        body = _without_head(body)
        apart = [single for statement in body for single in _unpacked(statement)]
        last = _last_changes(apart)
        if not last:
            return "\n".join(map(ast.unparse, apart)) if len(apart) > len(body) or is_function else None
        body = apart
        found = "\n".join(_Program(last).lines(body))
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Other):
        return None
    return found if len(found) <= _MOST else None


def _without_head(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """What a single function does, up to what it gives back; any other program as it is."""
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        return body
    inner = body[0].body
    end = next((n for n, statement in enumerate(inner) if isinstance(statement, ast.Return)), len(inner))
    return inner[: end + 1]


def _unpacked(statement: ast.stmt) -> Iterator[ast.stmt]:
    """``N, D = X.shape`` as an equation for each of the sizes; any other statement as it is."""
    names = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    value = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(names, ast.Tuple) or not isinstance(value, ast.Attribute) or value.attr != "shape":
        yield statement
        return
    for n, name in enumerate(names.elts):
        yield ast.Assign([name], ast.Subscript(value, ast.Constant(n), ast.Load()), lineno=statement.lineno)


def _last_changes(body: Sequence[ast.stmt]) -> dict[str, int]:
    """The names that a program changes after it has assigned to them, and the statements that do so last."""
    changed: set[str] = set()
    last: dict[str, int] = {}
    for n, statement in enumerate(body):
        for inner in ast.walk(statement):
            if isinstance(inner, ast.AugAssign):
                name = _key(_base(inner.target))
            elif isinstance(inner, ast.Assign):
                target = inner.targets[0]
                name = _key(_base(target))
                if target is _base(target) and not (name in last and name in set(_loaded(inner.value))):
                    last[name] = n
                    continue
            elif isinstance(inner, ast.Expr) and (added := _added_at(inner)) is not None:
                name = _key(added[0])
            else:
                continue
            changed.add(name)
            last[name] = n
    return {name: n for name, n in last.items() if name in changed}


@dataclass
class _Program:
    """What a program has said so far; ``last`` has the names that it changes, and where it does so last."""

    last: Mapping[str, int]
    said: dict[str, ast.expr] = field(default_factory=dict)
    """The equations: left sides, and what they are."""
    now: dict[str, ast.expr] = field(default_factory=dict)
    """What names that will be changed again are now."""
    known: dict[str, ast.expr] = field(default_factory=dict)
    """What names of the program's own are that it changes no more, as parts of arrays need it."""
    hidden: set[str] = field(default_factory=set)
    """Names of the loops' own, which mean their last value behind these."""

    def lines(self, body: Sequence[ast.stmt]) -> list[str]:
        bare: list[str] = []
        for n, statement in enumerate(body):
            if not self.hidden.isdisjoint(_loaded(statement)):
                raise _Other
            if isinstance(statement, ast.Return) or (n and n == len(body) - 1 and _is_bare(statement)):
                assert isinstance(statement, (ast.Return, ast.Expr))
                bare = self.give(statement.value)
                break
            if isinstance(statement, ast.For):
                self.loop(statement, ())
            elif not self.changes(statement, {}, ()):
                raise _Other
            self.settle(n)
        if not self.said and not bare:
            raise _Other
        return [*(f"{name} = {ast.unparse(value)}" for name, value in self.said.items()), *bare]

    def settle(self, n: int) -> None:
        """What this statement is the last to change is said."""
        for name in [name for name in self.now if self.last.get(_array_of(name)) == n]:
            value = self.now.pop(name)
            if _is_zero(value) and name in self.hidden | _rows_of(self.said):
                continue
            if any(isinstance(e, ast.Name) and e.id == name for e in ast.walk(value)):
                # What is given is changed: it is no equation, but holds wherever the name is used.
                self.now[name] = value
            else:
                self.said[name] = value

    def give(self, value: ast.expr | None) -> list[str]:
        """``return dW / N``: what is given is the answer, and no name in it; names are given as they are."""
        names = value.elts if isinstance(value, ast.Tuple) else [value]
        given = {*self.said, *_rows_of(self.said)}
        if all(isinstance(name, ast.Name) and name.id in given for name in names):
            return []
        if value is None or isinstance(value, ast.Tuple):
            raise _Other
        used = set(_loaded(value))
        inside = {name: self.said[name] for name in used if name in self.said and name in self.last}
        if not used & {*inside, *self.now, *self.said}:
            raise _Other
        for name in inside:
            del self.said[name]
        return [ast.unparse(_put_in(value, {**self.now, **inside}))]

    def changes(self, statement: ast.stmt, local: dict[str, ast.expr], loops: tuple[ast.For, ...]) -> bool:
        """Whether a statement assigns, changes or adds; if so it is taken down."""
        if isinstance(statement, ast.AugAssign):
            self.change(statement.target, statement.op, statement.value, local, loops)
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self.assign(statement.targets[0], statement.value, local, loops)
        elif isinstance(statement, ast.Expr) and (added := _added_at(statement)) is not None:
            array, place, term = added
            self.add_rows(array, self.inside(place, local), self.inside(term, local), loops)
        else:
            return False
        return True

    def inside(self, e: ast.expr, local: Mapping[str, ast.expr]) -> ast.expr:
        return _put_in(e, {**self.now, **local})

    def assign(self, target: ast.expr, value: ast.expr, local: dict[str, ast.expr], loops: tuple[ast.For, ...]) -> None:
        value = self.inside(value, local)
        if isinstance(target, ast.Subscript):
            if loops and _places(target) == [_variable(loop) for loop in loops]:
                self.fill(target, value, local)
            else:
                self.part(target, None, value, local, loops)
            return
        name = _key(target)
        if loops:
            if name in self.now or name in self.said:
                raise _Other  # The last round stays.
            local[name] = value
            self.hidden.add(name)
        elif name in self.last or (isinstance(value, ast.Call) and _key(value.func).endswith("arange")):
            self.now[name] = value
        elif name in self.said:
            raise _Other
        else:
            self.said[name] = value
            self.known[name] = value

    def fill(self, target: ast.Subscript, value: ast.expr, local: dict[str, ast.expr]) -> None:
        """``dz[n] = e`` in a loop over n: what an entry is, for the rounds of this loop."""
        name = _key(_base(target))
        if not _is_zero(self.now.get(name, ast.Constant(0))) or name in self.said:
            raise _Other
        local[_key(target)] = value
        self.said[_key(target)] = value
        self.hidden.add(name)

    def change(
        self,
        target: ast.expr,
        op: ast.operator,
        value: ast.expr,
        local: dict[str, ast.expr],
        loops: tuple[ast.For, ...],
    ) -> None:
        """``dW += e``, in loops a sum; ``dW /= N``; ``dz[y] -= 1``."""
        if type(op) not in _SIGNS:
            raise _Other
        value = self.inside(value, local)
        if isinstance(target, ast.Subscript):
            self.part(target, op, value, local, loops)
            return
        name = _key(target)
        if name in local:
            local[name] = ast.BinOp(local[name], op, value)
            return
        if name in _rows_of(self.said):
            self.scale(name, op, value, loops)
            return
        before = self.now.get(name)
        if loops and not isinstance(op, (ast.Add, ast.Sub)):
            raise _Other
        if before is None:
            if name in self.said:
                raise _Other
            before = ast.Constant(0) if loops or name.startswith(_ADDED) else ast.Name(name, ast.Load())
        self.now[name] = _joined(before, op, _summed(value, loops))

    def scale(self, name: str, op: ast.operator, value: ast.expr, loops: Sequence[ast.For]) -> None:
        """``dz /= N`` behind a loop that has filled dz."""
        if loops or not isinstance(op, (ast.Mult, ast.Div)):
            raise _Other
        for key in [key for key in self.said if _array_of(key) == name]:
            self.said[key] = ast.BinOp(self.said[key], op, value)

    def part(
        self,
        target: ast.Subscript,
        op: ast.operator | None,
        value: ast.expr,
        local: dict[str, ast.expr],
        loops: tuple[ast.For, ...],
    ) -> None:
        """``dz[y] -= 1``, ``dz[z <= 0] = 0``; in a loop an entry of a round's own, or of what it adds to."""
        places = _places(target)
        base = _key(_base(target))
        for count in range(len(places), -1, -1):
            own = f"{base}[{', '.join(places[:count])}]" if count else base
            if own in local:
                rest = items_of(target.slice)[count:]
                if rest:
                    index = rest[0] if len(rest) == 1 else ast.Tuple(rest, ast.Load())
                    local[own] = _changed(local[own], self.inside(index, {**self.known, **local}), op, value)
                else:
                    local[own] = ast.BinOp(local[own], op, value) if op is not None else value
                if count:
                    self.said[own] = local[own]
                return
        if not loops:
            before = self.now.get(base, ast.Name(base, ast.Load()))
            if base in {*self.said, *_rows_of(self.said)} or (base not in self.now and base.startswith(_ADDED)):
                raise _Other
            if isinstance(value, ast.Subscript):
                value = ast.Subscript(value.value, self.inside(value.slice, self.known), ast.Load())
            self.now[base] = _changed(before, self.inside(target.slice, self.known), op, value)
            return
        if not isinstance(op, (ast.Add, ast.Sub)):
            raise _Other
        term = value if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), value)
        variables = [_variable(loop) for loop in loops]
        if places and set(places) <= set(variables) and len(set(places)) == len(places):
            self.add_entry(target, term, [loop for loop in loops if _variable(loop) not in places])
        else:
            self.add_rows(_base(target), self.inside(target.slice, local), term, loops)

    def add_entry(self, target: ast.Subscript, term: ast.expr, loops: Sequence[ast.For]) -> None:
        """``dW[i, j] += e`` in loops over i, j and n: what an entry is, a sum over n."""
        name, key = _key(_base(target)), _key(target)
        if not _is_zero(self.now.get(name, ast.Constant(0))) or name in self.said or (not loops and key in self.said):
            raise _Other
        self.said[key] = _joined(self.said.get(key, ast.Constant(0)), ast.Add(), _summed(term, loops))
        self.hidden.add(name)

    def add_rows(self, array: ast.expr, place: ast.expr, term: ast.expr, loops: Sequence[ast.For]) -> None:
        """``X[w[t]] += e`` in a loop, and ``np.add.at(X, w, e)``: what is added to the rows that labels pick."""
        name = _key(array)
        label = place.value if isinstance(place, ast.Subscript) else place
        if not isinstance(label, ast.Name) or name in self.said or (loops and label is place):
            raise _Other
        hot = _call(ast.Name("onehot", ast.Load()), place)
        if label is place:
            term = ast.BinOp(ast.Attribute(hot, "T", ast.Load()), ast.MatMult(), term)
        else:
            term = _call(ast.Attribute(ast.Name("np", ast.Load()), "outer", ast.Load()), hot, term)
        self.now[name] = _joined(self.now.get(name, ast.Constant(0)), ast.Add(), _summed(term, loops))

    def loop(self, loop: ast.For, outside: tuple[ast.For, ...], own: Mapping[str, ast.expr] | None = None) -> None:
        """What the rounds of a loop say, inside these others."""
        if loop.orelse or not isinstance(loop.target, ast.Name) or rounds(loop.iter) is None:
            raise _Other
        if not {*self.said, *self.now}.isdisjoint(_loaded(loop.iter)):
            raise _Other  # The size is another one than that of the problem.
        local = dict(own or {})
        later = {name for statement in loop.body for name in _stored(statement)}
        added = {name for statement in loop.body for name in _augmented(statement)} - later
        for statement in loop.body:
            used = set(_loaded(statement))
            # What a round leaves behind for the next one is no term of a sum.
            needed = used & ((later - set(local)) | added | set(self.now) | _rows_of(self.said))
            if needed and not self.only_own_rows(statement, local):
                raise _Other
            if isinstance(statement, ast.For):
                self.loop(statement, (*outside, loop), local)
            elif not self.changes(statement, local, (*outside, loop)):
                raise _Other
        self.hidden.add(loop.target.id)

    def only_own_rows(self, statement: ast.stmt, local: Mapping[str, ast.expr]) -> bool:
        """Whether all that a statement uses of arrays that the loop fills are the entries of this round."""
        if not isinstance(statement, (ast.Assign, ast.AugAssign)):
            return False
        left = _put_in(statement.value, local)
        rows = _rows_of(self.said)
        stored = set(_stored(statement)) | set(_augmented(statement))
        used = {e.id for e in ast.walk(left) if isinstance(e, ast.Name)}
        return bool(rows) and not used & (rows | (stored - set(local)))


def _changed(before: ast.expr, place: ast.expr, op: ast.operator | None, value: ast.expr) -> ast.expr:
    """An array of which a part has been changed, for the library of calls to read."""
    name = f"part_{_SIGNS[type(op)] if op is not None else 'set'}"
    part = ast.Subscript(before, place, ast.Load())
    return _call(ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load()), part, value)


def _call(function: ast.expr, *args: ast.expr) -> ast.expr:
    return ast.Call(function, list(args), [])


def _joined(before: ast.expr, op: ast.operator, value: ast.expr) -> ast.expr:
    """What is there when something has been added to it, or the like; to nothing, what is added."""
    if _is_zero(before) and isinstance(op, (ast.Add, ast.Sub)):
        return value if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), value)
    return ast.BinOp(before, op, value)


def _summed(term: ast.expr, loops: Sequence[ast.For]) -> ast.expr:
    for loop in reversed(loops):
        over = ast.comprehension(loop.target, loop.iter, [], 0)
        term = _call(ast.Name("sum", ast.Load()), ast.GeneratorExp(term, [over]))
    return term


def _added_at(statement: ast.Expr) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """The array, the place and what is added of ``np.add.at(dE, w, dx)``; None for anything else."""
    call = statement.value
    if not isinstance(call, ast.Call) or call.keywords or len(call.args) != 3:
        return None
    return (call.args[0], call.args[1], call.args[2]) if _key(call.func).endswith(".add.at") else None


def _is_bare(statement: ast.stmt) -> bool:
    """Whether a line has no left side and changes nothing."""
    return isinstance(statement, ast.Expr) and _added_at(statement) is None


def _key(target: ast.expr) -> str:
    """How what is assigned to is called: ``dz``, ``z.grad``, ``dz[n]``."""
    if isinstance(target, (ast.Tuple, ast.List, ast.Starred)):
        raise _Other
    return ast.unparse(target)


def _base(target: ast.expr) -> ast.expr:
    """The array of which a part is assigned to."""
    return target.value if isinstance(target, ast.Subscript) else target


def _array_of(key: str) -> str:
    return key.partition("[")[0]


def _rows_of(said: Mapping[str, ast.expr]) -> set[str]:
    """The arrays of which entries are said."""
    return {_array_of(key) for key in said if "[" in key}


def _places(target: ast.Subscript) -> list[str]:
    """What stands between the brackets, one text for each axis."""
    return [ast.unparse(item) for item in items_of(target.slice)]


def _variable(loop: ast.For) -> str:
    return loop.target.id if isinstance(loop.target, ast.Name) else ""


def _is_zero(e: ast.expr) -> bool:
    if isinstance(e, ast.Constant):
        return not isinstance(e.value, bool) and e.value in (0, 0.0)
    return isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute) and e.func.attr in _ZEROS


def _loaded(statement: ast.AST) -> Iterator[str]:
    """The names that a statement reads; the array of which it changes a part is none of them."""
    own: set[ast.expr] = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            own.add(_base(target))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in own:
            yield node.id


def _stored(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement, and those within it, assign to; what is added to is none of them."""
    if isinstance(statement, ast.Assign):
        yield _key(_base(statement.targets[0]))
    if isinstance(statement, ast.For):
        for inner in statement.body:
            yield from _stored(inner)


def _augmented(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement, and those within it, add to."""
    for inner in ast.walk(statement):
        if isinstance(inner, ast.AugAssign):
            yield _key(_base(inner.target))


class _PutIn(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]):
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        found = self.values.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        return found or self.generic(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        found = self.values.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        return found or self.generic(node)

    def generic(self, node: ast.expr) -> ast.expr:
        found = self.generic_visit(node)
        assert isinstance(found, ast.expr), "an expression stays one"
        return found


def _put_in(e: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """An expression with what names stand for in place of them."""
    if not values:
        return e
    found = _PutIn(values).visit(deepcopy(e))
    assert isinstance(found, ast.expr), "an expression stays one"
    return found
