"""numba's decorators as our loops use them; parts of numba that these do not need are not imported."""

from numba import njit

from bgbias.postponing import missing

with missing("scipy.linalg.cython_blas"):  # numba's matrix products would need it, and look for it for .2 s
    import numba.np.arraymath  # noqa: F401

# Sums may be taken in another order, or the loops over pixels are not vectorised; NaN and infinity count.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}

compiled = njit(**_OPTIONS)
# What others call. Kept on disk beside its file, or in the user's cache where that cannot be written, because
# compiling takes seconds; what it calls itself is kept with it.
compiled_once = njit(cache=True, **_OPTIONS)
