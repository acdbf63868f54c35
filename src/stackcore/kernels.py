"""Inner loops over pixels, compiled to machine code by numba when they are first called.

A kernel is a plain function over arrays and numbers, in the subset of Python that numba compiles: loops, arithmetic,
indexing. It gives the same bits for a pixel whatever else is computed in the same call: there is no fast-math, so LLVM
neither changes the order of a sum nor joins a product and a sum into one rounding, and a pixel does not depend on the
vector lane, the band or the strip that it falls in. Kernels release the GIL.

Kernels make no arrays: what they need to work in is given to them. So numba need not count who holds which array. Each
part of an array that a loop over runs looks at would be counted twice, with an instruction that waits for the memory:
that was a tenth of the time of a whole stack.

Machine code is kept in `__pycache__` beside the source, else in numba's folder in the user's cache, for the next
process; where neither can be written, each process compiles for itself. A kernel may call kernels of its own module
only: what is kept is thrown away when the source of the kernel's module changes, not when another module does.

Importing this module loads numba (0.2 s and 65 MiB; the first call of a kernel as much again, compiled before or not);
modules with kernels are therefore imported when work begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def kernel(function: FunctionT) -> FunctionT:
    """Return `function` compiled; it is called as before, with arrays (any layout) and numbers.

    A division by zero gives infinity or NaN, as in numpy. Indices are not checked: whoever calls a kernel has checked
    the shapes.

    Examples
    --------
    >>> import numpy as np
    >>> @kernel
    ... def total(values):
    ...     found = 0.0
    ...     for value in values:
    ...         found += value
    ...     return found
    >>> total(np.arange(5.0))
    10.0
    """
    try:
        compiled = _jit(function, cache=True)
    except RuntimeError:  # numba found no folder for the machine code: an interactive function, or nothing writable
        compiled = _jit(function, cache=False)
    return cast(FunctionT, compiled)


def _jit(function: Callable[..., Any], cache: bool) -> Any:
    compiled: Any = numba.njit  # its stubs do not know the last option, which leaves counting out
    return compiled(nogil=True, cache=cache, fastmath=False, error_model="numpy", _nrt=False)(function)
