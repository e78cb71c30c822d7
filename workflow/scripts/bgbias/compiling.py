"""numba's decorators with this project's options; unused parts of numba are not imported."""

from numba import njit

from bgbias.postponing import missing

with missing("scipy.linalg.cython_blas"):  # only for numba's matrix products; the import takes 0.2 s
    import numba.np.arraymath  # noqa: F401

# No fastmath: with contracted products and sums, code that was just compiled and the same code from the cache
# differ in the last bit, which training amplifies. It saves no time here.
_OPTIONS = {"nogil": True, "error_model": "numpy"}

compiled = njit(**_OPTIONS)
# For functions called from other modules. Cached on disk next to their file, or in the user's cache if that
# folder is not writable, because compiling takes seconds; the functions they call are cached with them.
compiled_once = njit(cache=True, **_OPTIONS)
