"""Types of the compiled functions, written out: one machine code each, made once and then kept.

Without them numba would compile anew for every layout of an array that it meets. Numba keeps the
machine code beside the modules, or in the user's cache directory where that cannot be written.
"""

from __future__ import annotations

from numba import types

Int32 = types.int32
Int64 = types.int64
Float64 = types.float64
Nothing = types.void
Int32s = types.int32[::1]
Int64s = types.int64[::1]
Floats = types.float64[::1]
Floats2 = types.float64[:, ::1]
Floats3 = types.float64[:, :, ::1]
#: Three axes in any layout, to be written or only to be read.
SinglesToFill = types.float32[:, :, :]
SinglesToRead = types.Array(types.float32, 3, "A", readonly=True)
DoublesToRead = types.Array(types.float64, 3, "A", readonly=True)


def Pair(first: types.Type, second: types.Type) -> types.Type:
    """Two values that are returned together."""
    return types.Tuple((first, second))
