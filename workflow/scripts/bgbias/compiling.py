"""numba's decorators with this project's options; unused parts of numba are not imported."""

from numba import njit

from bgbias.postponing import missing

with missing("scipy.linalg.cython_blas"):  # only for numba's matrix products; the import takes 0.2 s
    import numba.np.arraymath  # noqa: F401

# Sums may be reordered, otherwise loops over pixels are not vectorised; NaN and infinity are respected.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}

compiled = njit(**_OPTIONS)
# For functions called from other modules. Cached on disk next to their file, or in the user's cache if that
# folder is not writable, because compiling takes seconds; the functions they call are cached with them.
compiled_once = njit(cache=True, **_OPTIONS)
