"""What to try when two shapes do not fit together.  Knows expressions and their shapes only."""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core.errors import InputError, ShapeError
from backsym.core.expr import Expr, Mul, Shape, broadcast, matmul_shape, show_shape
from backsym.core.words import Said, Words, say


class Mismatch(InputError):
    """Two operands whose shapes do not fit together under an operation (add, multiply, matmul, ...)."""

    def __init__(self, error: InputError, operation: str, left: Expr, right: Expr):
        self.operation, self.left, self.right = operation, left, right
        super().__init__(error.diagnostics)


_CANNOT = {
    "add": say("meaning.cannot.add"),
    "multiply": say("meaning.cannot.multiply"),
    "divide": say("meaning.cannot.divide"),
    "raise": say("meaning.cannot.raise"),
    "compare": say("meaning.cannot.compare"),
    "combine": say("meaning.cannot.combine"),
}
"""What cannot be done with two shapes, by the operation."""


def cannot(operation: str, a: Shape, b: Shape) -> Words:
    """Two shapes do not fit together under an operation."""
    return say("meaning.cannot_combine", what=_CANNOT[operation], left=show_shape(a), right=show_shape(b))


class SizeUnknown(InputError):
    """An array of ones, zeros or an identity whose size nothing beside it tells."""


def fits_matmul(a: Shape, b: Shape) -> bool:
    try:
        matmul_shape(a, b)
    except ShapeError:
        return False
    return True


def fits_elementwise(a: Shape, b: Shape) -> bool:
    try:
        broadcast(a, b)
    except ShapeError:
        return False
    return True


def row_meets_vector(a: Shape, b: Shape) -> bool:
    """Whether one is a row [1, D] and the other a vector [D], which is a column."""
    vector, row = (a, b) if len(a) < len(b) else (b, a)
    return len(vector) == 1 and row == (1, *vector) and vector != (1,)


def spread_hint(a: Shape, b: Shape) -> Said:
    """A hint for two arrays that only NumPy would put together."""
    if row_meets_vector(a, b):
        return say("meaning.row_and_column")
    return say("meaning.one_array_shape")


def transposed(shape: Shape) -> Shape:
    return (1, *shape) if len(shape) == 1 else shape[::-1]


def matmul_meant(value: Expr, others: Sequence[Shape]) -> bool:
    """Whether an element-wise product of two arrays would fit ``others`` if it were a matrix product."""
    if not isinstance(value, Mul) or len(value.args) != 2:
        return False
    a, b = (arg.shape for arg in value.args)
    if not a or not b or not fits_matmul(a, b):
        return False
    product = matmul_shape(a, b)
    return all(fits_elementwise(product, other) for other in others)


def broadcast_hint(a: Shape, b: Shape, operation: str) -> Said | None:
    """A hint for two shapes that do not broadcast."""
    if operation == "multiply" and len(a) == len(b) == 2 and a == transposed(b):
        return say("meaning.transpose_or_matmul")
    if operation == "multiply" and (fits_matmul(a, b) or fits_matmul(b, a)):
        return say("meaning.write_matmul")
    if operation == "multiply" and len(a) == len(b) == 2 and (fits_matmul(a, b[::-1]) or fits_matmul(a[::-1], b)):
        return say("meaning.write_matmul_and_transpose")
    if len(a) == len(b) == 2 and fits_elementwise(a, transposed(b)):
        return say("meaning.transpose_fits")
    matrix, vector = (a, b) if len(a) > len(b) else (b, a)
    if len(matrix) == 2 and len(vector) == 1:
        if matrix[0] == vector[0]:
            return say("meaning.vector_down_first", vector=vector[0])
        return say("meaning.vector_along_last")
    return None


def matmul_hint(a: Shape, b: Shape, left: str, right: str) -> Said | None:
    """A hint for two shapes that do not multiply; ``left`` and ``right`` are the operands as written."""
    left, right = _operand(left), _operand(right)
    if not a or not b:
        return say("meaning.write_scalar_product")
    if len(a) == 1 and len(b) == 1:
        if a == b:
            return say("meaning.column_products", left=left, right=right)
        return say("meaning.column_outer", left=left, right=right)
    if len(a) == 1 and fits_matmul(transposed(a), b):
        return say("meaning.column_transpose_fits", left=left, right=right)
    if fits_matmul(transposed(a), b):
        return say("meaning.matmul_fits", left=_transposed_text(left), right=right)
    if fits_matmul(a, transposed(b)):
        return say("meaning.matmul_fits", left=left, right=_transposed_text(right))
    return say("meaning.matmul_fits", left=right, right=left) if fits_matmul(b, a) else None


def _operand(text: str) -> str:
    return text if text.removesuffix(".T").replace("_", "").isalnum() else f"({text})"


def _transposed_text(operand: str) -> str:
    return operand.removesuffix(".T") if operand.endswith(".T") else f"{operand}.T"
