"""Sparse Jacobians and Hessians: columns that meet in no row are computed together.

Where two columns of a Jacobian have no row in common, one tangent along both gives them both. So
columns are coloured, no two of one colour meeting in a row, and a sweep with one direction for each
colour (``jvp(f, batched=True)``, whose text is ``source``) holds every entry::

    columns 0 and 2 in one direction, 1 and 3 in the other:

    [a b . .]     [1 0 1 0]ᵀ      [a b]
    [. c d .]  ·  [0 1 0 1]    =  [d c]
    [. . e f]                     [e f]

One more direction, of random numbers, is swept along: its tangent must be the product of what was
found with it. So a pattern that lacks an entry is noticed, and no wrong matrix is returned.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, final

import numpy as np

from gradscribe import api
from gradscribe.errors import ArgumentError
from gradscribe.frontend.local import Local
from gradscribe.primal import base_name, local_of, primal_signature

# How many columns are computed at once to find a pattern.
_CHUNK = 256
# What rounding may do to the product that is checked, relative to its terms.
_ROUNDING = 1e-9


def sparse_jacobian(
    function: Callable[..., Any], pattern: Any = None, wrt: int | str = 0
) -> SparseJacobian:
    """The Jacobian of ``function`` as a ``scipy.sparse.csr_array``: values by entries of ``wrt``.

    ``pattern`` is a matrix (sparse or not) that is nonzero where the Jacobian may be; without one
    it is found at the first arguments, from all columns, and again where it proves to lack an
    entry. A given pattern that lacks one is refused (``ArgumentError``). SciPy must be installed.

    A function that uses ``J = sparse_jacobian(f)(x)`` can be differentiated: in its derivatives
    ``J @ v`` is a tangent, ``u @ J`` and ``J.T @ u`` are pullbacks, and no matrix is made.
    ``J.toarray()`` is the Jacobian as a dense matrix; anything else is refused there.

    >>> import numpy as np, gradscribe as gs
    >>> def f(x):
    ...     return x[1:] * x[:-1]
    >>> sparse_jacobian(f)(np.array([1.0, 2.0, 3.0])).toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    >>> def along(x, v):
    ...     return np.sum((gs.sparse_jacobian(f)(x) @ v) ** 2)
    >>> gs.grad(along)(np.array([1.0, 2.0, 3.0]), np.ones(3))
    array([ 6., 16., 10.])
    """
    return SparseJacobian(function, pattern, wrt)


def sparse_hessian(
    function: Callable[..., Any], pattern: Any = None, wrt: int | str = 0
) -> SparseJacobian:
    """The Hessian of ``function`` as a ``scipy.sparse.csr_array``, as ``sparse_jacobian`` does it.

    >>> import numpy as np
    >>> def f(x):
    ...     return np.sum(x[1:] * x[:-1] ** 2)
    >>> sparse_hessian(f)(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    return SparseJacobian(api.grad(function, wrt, mode="reverse"), pattern, wrt)


@final
class SparseJacobian:
    """A Jacobian that is computed a colour at a time.

    ``pattern`` is the pattern in use, a ``scipy.sparse.csr_array`` of bools, and ``colours`` the
    colour of each column; both are None before the first call if no pattern was given.
    """

    def __init__(self, function: Callable[..., Any], pattern: Any, wrt: int | str) -> None:
        self.tangents = api.jvp(function, batched=True)  # refuses what is no function
        local = isinstance(local_of(function), Local)
        self.signature = primal_signature(function) if local else inspect.signature(function)
        names = list(self.signature.parameters)
        if isinstance(wrt, str) and wrt in names:
            wrt = names.index(wrt)
        if not isinstance(wrt, int) or not -len(names) <= wrt < len(names):
            raise ArgumentError(
                f"wrt={wrt!r}: a sparse Jacobian is with respect to one parameter "
                f"({', '.join(names)})",
                hint="give its name or its position",
            )
        self.function = function
        self.place = wrt % len(names)
        self.given = pattern is not None
        self.pattern: Any = None
        self.colours: np.ndarray[Any, Any] | None = None
        if pattern is not None:
            self._use(_as_pattern(pattern))

    @property
    def name(self) -> str:
        return f"{base_name(self.function)}_jacobian"

    @property
    def rules(self) -> Any:
        """The rules that it uses, as for other derivatives."""
        return self.tangents.rules

    @property
    def source(self) -> str:
        """The text of the sweep: the tangents of ``function`` along many directions at once."""
        text: str = self.tangents.source
        return text

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        try:
            bound = self.signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{self.name}() {error}") from None
        bound.apply_defaults()
        given = tuple(bound.arguments.values())
        if self.pattern is None:
            self._use(self._found(given))
        matrix = self._compressed(given)
        if matrix is None and not self.given:
            self._use(self.pattern + self._found(given))
            matrix = self._compressed(given)
        if matrix is None:
            raise ArgumentError(
                f"the Jacobian of {base_name(self.function)} has entries outside the pattern",
                hint="give a pattern that holds them, or none",
            )
        return matrix

    def _use(self, pattern: Any) -> None:
        self.pattern = _sparse().csr_array(pattern, dtype=bool)
        self.pattern.eliminate_zeros()
        self.pattern.sort_indices()
        self.colours = coloured(self.pattern)

    def _sweep(self, args: tuple[Any, ...], directions: Any) -> tuple[int, Any]:
        """The size of the value, and its tangents along directions, one in each row."""
        x = np.asarray(args[self.place])
        dots: list[Any] = [None] * len(args)
        dots[self.place] = directions.reshape(len(directions), *x.shape)
        value, tangents = self.tangents(args, tuple(dots))
        if isinstance(value, tuple | list | dict):
            raise ArgumentError(
                f"{base_name(self.function)} does not return one array",
                hint="return one, or take the Jacobian of each part",
            )
        return np.size(value), np.reshape(tangents, (len(directions), np.size(value)))

    def _found(self, args: tuple[Any, ...]) -> Any:
        """Where the Jacobian is not zero here, from all of its columns."""
        size = np.size(args[self.place])
        blocks = []
        for start in range(0, size, _CHUNK):
            stop = min(start + _CHUNK, size)
            _, tangents = self._sweep(args, np.eye(stop - start, size, start))
            blocks.append(_sparse().csr_array(tangents != 0))
        return _sparse().vstack(blocks).T.tocsr() if blocks else _sparse().csr_array((0, 0))

    def _compressed(self, args: tuple[Any, ...]) -> Any:
        """The matrix by colours; None where the pattern lacks an entry."""
        assert self.colours is not None
        rows, columns = self.pattern.nonzero()
        size = np.size(args[self.place])
        if self.pattern.shape[1] != size:
            raise ArgumentError(
                f"the pattern has {self.pattern.shape[1]} columns for {size} entries",
                hint="give one of the shape (size of the value, size of the parameter)",
            )
        check = np.random.default_rng(0).uniform(1.0, 2.0, size)
        count = int(self.colours.max(initial=-1)) + 1
        directions = np.vstack([self.colours == np.arange(count)[:, None], check])
        values, tangents = self._sweep(args, directions.astype(float))
        if self.pattern.shape[0] != values:
            raise ArgumentError(
                f"the pattern has {self.pattern.shape[0]} rows for {values} values",
                hint="give one of the shape (size of the value, size of the parameter)",
            )
        data = tangents[self.colours[columns], rows]
        matrix = _sparse().csr_array((data, (rows, columns)), shape=self.pattern.shape)
        terms = abs(matrix) @ check + np.abs(tangents).sum(axis=0)
        gap = np.abs(matrix @ check - tangents[-1])
        return None if np.any(gap > _ROUNDING * terms) else matrix


def coloured(pattern: Any) -> np.ndarray[Any, Any]:
    """A colour for each column, so that no two of one colour meet in a row; few, by greed.

    Columns that meet the most others choose first.
    """
    by_row, by_column = pattern.tocsr(), pattern.tocsc()
    meets = [
        np.unique(
            np.concatenate([np.empty(0, int), *(_of(by_row, row) for row in _of(by_column, k))])
        )
        for k in range(pattern.shape[1])
    ]
    colours = np.full(pattern.shape[1], -1)
    for k in sorted(range(len(meets)), key=lambda k: -len(meets[k])):
        taken = set(colours[meets[k]].tolist())
        colours[k] = next(c for c in range(len(taken) + 1) if c not in taken)
    return colours


def _of(matrix: Any, line: int) -> Any:
    """The places in one line of a compressed matrix."""
    return matrix.indices[matrix.indptr[line] : matrix.indptr[line + 1]]


def _as_pattern(pattern: Any) -> Any:
    """Where a given matrix is not zero."""
    if not _sparse().issparse(pattern) and np.ndim(pattern) != 2:
        raise ArgumentError(
            f"the pattern has {np.ndim(pattern)} axes, and is no matrix",
            hint="give one of the shape (size of the value, size of the parameter)",
        )
    return _sparse().csr_array(pattern) != 0


def _sparse() -> Any:
    try:
        import scipy.sparse  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise ArgumentError(
            "sparse Jacobians are SciPy's matrices, and SciPy is not installed",
            hint="install it, or use jacobian",
        ) from None
    return scipy.sparse
