"""Rules: SciPy's special functions. Numbers are those of the DLMF (https://dlmf.nist.gov).

In orders and other parameters that have no closed derivative there is none: ``jv`` in its order,
the incomplete gamma and beta functions in what gives them their shape.
"""

from __future__ import annotations

import numpy as np
import scipy.special as sp  # type: ignore[import-untyped]  # it has no types

from gradscribe.ir.facts.scipy_special import real_lambertw
from gradscribe.ir.helpers import expand
from gradscribe.rules.declare import adjoint, partial, reduction, tangent

# ----------------------------------------------------------- error functions, 7.2


@partial(sp.erf)
def erf(x):
    return 2 / np.sqrt(np.pi) * np.exp(-(x**2))


@partial(sp.erfc)
def erfc(x):
    return -2 / np.sqrt(np.pi) * np.exp(-(x**2))


@partial(sp.erfi)
def erfi(x):
    return 2 / np.sqrt(np.pi) * np.exp(x**2)


@partial(sp.erfcx)
def erfcx(x, *, y):
    return 2 * x * y - 2 / np.sqrt(np.pi)


@partial(sp.dawsn)
def dawsn(x, *, y):
    return 1 - 2 * x * y


@partial(sp.erfinv)
def erfinv(x, *, y):
    return np.sqrt(np.pi) / 2 * np.exp(y**2)


@partial(sp.erfcinv)
def erfcinv(x, *, y):
    return -np.sqrt(np.pi) / 2 * np.exp(y**2)


@partial(sp.ndtr)
def ndtr(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


@partial(sp.ndtri)
def ndtri(x, *, y):
    return np.sqrt(2 * np.pi) * np.exp(y**2 / 2)


@partial(sp.log_ndtr)
def log_ndtr(x, *, y):
    return np.exp(-(x**2) / 2 - y) / np.sqrt(2 * np.pi)


# ----------------------------------------------------------- exponentials, logarithms


@partial(sp.expit)
def expit(x, *, y):
    return y * (1 - y)


@partial(sp.logit)
def logit(x):
    return 1 / (x * (1 - x))


@partial(sp.log_expit)
def log_expit(x):
    return sp.expit(-x)


@partial(sp.cbrt, safe=1.0)
def cbrt(x, *, y):
    return 1 / (3 * y**2)


@partial(sp.exp2)
def exp2(x, *, y):
    return np.log(2) * y


@partial(sp.exp10)
def exp10(x, *, y):
    return np.log(10) * y


@partial(sp.expm1)
def expm1(x, *, y):
    return y + 1


@partial(sp.log1p)
def log1p(x):
    return 1 / (1 + x)


@partial(sp.cosm1)
def cosm1(x):
    return -np.sin(x)


@partial(sp.xlogy, "x1")
def xlogy_1(x2):
    return np.log(x2)


@partial(sp.xlogy, "x2")
def xlogy_2(x1, x2):
    return x1 / x2


@partial(sp.xlog1py, "x1")
def xlog1py_1(x2):
    return np.log1p(x2)


@partial(sp.xlog1py, "x2")
def xlog1py_2(x1, x2):
    return x1 / (1 + x2)


@partial(sp.entr)
def entr(x):
    return -1 - np.log(x)


@partial(sp.rel_entr, "x1")
def rel_entr_1(x1, x2):
    return np.log(x1 / x2) + 1


@partial(sp.rel_entr, "x2")
def rel_entr_2(x1, x2):
    return -x1 / x2


@partial(sp.kl_div, "x1")
def kl_div_1(x1, x2):
    return np.log(x1 / x2)


@partial(sp.kl_div, "x2")
def kl_div_2(x1, x2):
    return 1 - x1 / x2


@partial(sp.lambertw, "z")
def lambertw(*, y):
    """4.13.4."""
    return np.exp(-y) / (1 + y)


@partial(real_lambertw, "z")
def real_part_of_lambertw(z, k=0, tol=1e-8, *, y):
    """The same, where the branch is real."""
    return np.where(sp.lambertw(z, k, tol).imag == 0, np.exp(-y) / (1 + y), np.nan)


# ----------------------------------------------------------- exponential integrals, 6.2, 8.19


@partial(sp.exp1)
def exp1(x):
    return -np.exp(-x) / x


@partial(sp.expi)
def expi(x):
    return np.exp(x) / x


@partial(sp.expn, "x2")
def expn(x1, x2):
    """8.19.13."""
    return np.where(x1 > 0, -sp.expn(np.maximum(x1 - 1, 0), x2), -np.exp(-x2) * (1 + 1 / x2) / x2)


@partial(sp.spence)
def spence(x):
    return np.log(x) / (1 - x)


# ----------------------------------------------------------- gamma, beta: 5.2, 5.12, 8.2, 8.17


@partial(sp.gamma)
def gamma(x, *, y):
    return y * sp.psi(x)


@partial(sp.gammaln)
def gammaln(x):
    return sp.psi(x)


@partial(sp.psi)
def psi(x):
    """5.15.1."""
    return sp.zeta(2, x)


@partial(sp.polygamma, "x")
def polygamma(n, x):
    return sp.polygamma(n + 1, x)


@partial(sp.zeta, "q")
def zeta(x, q):
    """25.11.17."""
    return -x * sp.zeta(x + 1, q)


@partial(sp.beta, "x1")
def beta_1(x1, x2, *, y):
    return y * (sp.psi(x1) - sp.psi(x1 + x2))


@partial(sp.beta, "x2")
def beta_2(x1, x2, *, y):
    return y * (sp.psi(x2) - sp.psi(x1 + x2))


@partial(sp.betaln, "x1")
def betaln_1(x1, x2):
    return sp.psi(x1) - sp.psi(x1 + x2)


@partial(sp.betaln, "x2")
def betaln_2(x1, x2):
    return sp.psi(x2) - sp.psi(x1 + x2)


@partial(sp.gammainc, "x2")
def gammainc(x1, x2):
    return np.exp(sp.xlogy(x1 - 1, x2) - x2 - sp.gammaln(x1))


@partial(sp.gammaincc, "x2")
def gammaincc(x1, x2):
    return -np.exp(sp.xlogy(x1 - 1, x2) - x2 - sp.gammaln(x1))


@partial(sp.gammaincinv, "x2")
def gammaincinv(x1, *, y):
    return np.exp(y + sp.gammaln(x1) - sp.xlogy(x1 - 1, y))


@partial(sp.gammainccinv, "x2")
def gammainccinv(x1, *, y):
    return -np.exp(y + sp.gammaln(x1) - sp.xlogy(x1 - 1, y))


@partial(sp.betainc, "x3")
def betainc(x1, x2, x3):
    return np.exp(sp.xlogy(x1 - 1, x3) + sp.xlog1py(x2 - 1, -x3) - sp.betaln(x1, x2))


# ----------------------------------------------------------- elliptic integrals, 19.2, 19.5
# SciPy's parameter is m = k**2.


@partial(sp.ellipk)
def ellipk(x):
    """By 19.5.1: no difference vanishes at 0, as one of K and E would."""
    return np.pi / 8 * sp.hyp2f1(1.5, 1.5, 2, x)


@partial(sp.ellipkm1)
def ellipkm1(x):
    return -np.pi / 8 * sp.hyp2f1(1.5, 1.5, 2, 1 - x)


@partial(sp.ellipe)
def ellipe(x):
    """19.5.2."""
    return -np.pi / 8 * sp.hyp2f1(0.5, 1.5, 2, x)


@partial(sp.ellipkinc, "x1")
def ellipkinc_1(x1, x2):
    return 1 / np.sqrt(1 - x2 * np.sin(x1) ** 2)


@partial(sp.ellipkinc, "x2")
def ellipkinc_2(x1, x2, *, y):
    """19.4.5."""
    rest = np.sin(2 * x1) / (2 * np.sqrt(1 - x2 * np.sin(x1) ** 2))
    return ((sp.ellipeinc(x1, x2) / x2 - rest) / (1 - x2) - y / x2) / 2


@partial(sp.ellipeinc, "x1")
def ellipeinc_1(x1, x2):
    return np.sqrt(1 - x2 * np.sin(x1) ** 2)


@partial(sp.ellipeinc, "x2")
def ellipeinc_2(x1, x2, *, y):
    """19.4.6."""
    return (y - sp.ellipkinc(x1, x2)) / (2 * x2)


# ----------------------------------------------------------- Bessel functions, 10.6, 10.29


@partial(sp.j0)
def j0(x):
    return -sp.j1(x)


@partial(sp.j1)
def j1(x):
    return (sp.j0(x) - sp.jv(2, x)) / 2


@partial(sp.jv, "x2")
def jv(x1, x2):
    return (sp.jv(x1 - 1, x2) - sp.jv(x1 + 1, x2)) / 2


@partial(sp.y0)
def y0(x):
    return -sp.y1(x)


@partial(sp.y1)
def y1(x):
    return (sp.y0(x) - sp.yv(2, x)) / 2


@partial(sp.yv, "x2")
def yv(x1, x2):
    return (sp.yv(x1 - 1, x2) - sp.yv(x1 + 1, x2)) / 2


@partial(sp.i0)
def i0(x):
    return sp.i1(x)


@partial(sp.i1)
def i1(x):
    return (sp.i0(x) + sp.iv(2, x)) / 2


@partial(sp.iv, "x2")
def iv(x1, x2):
    return (sp.iv(x1 - 1, x2) + sp.iv(x1 + 1, x2)) / 2


@partial(sp.k0)
def k0(x):
    return -sp.k1(x)


@partial(sp.k1)
def k1(x):
    return -(sp.k0(x) + sp.kv(2, x)) / 2


@partial(sp.kv, "x2")
def kv(x1, x2):
    return -(sp.kv(x1 - 1, x2) + sp.kv(x1 + 1, x2)) / 2


# ----------------------------------------------------------- hypergeometric, 13.3, 15.5, 16.3


@partial(sp.hyp0f1, "x2")
def hyp0f1(x1, x2):
    return sp.hyp0f1(x1 + 1, x2) / x1


@partial(sp.hyp1f1, "x3")
def hyp1f1(x1, x2, x3):
    return x1 / x2 * sp.hyp1f1(x1 + 1, x2 + 1, x3)


@partial(sp.hyp2f1, "x4")
def hyp2f1(x1, x2, x3, x4):
    return x1 * x2 / x3 * sp.hyp2f1(x1 + 1, x2 + 1, x3 + 1, x4)


# ----------------------------------------------------------- sums of exponentials


@reduction(sp.logsumexp)
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False, *, y):
    if b is not None or return_sign:
        raise NotImplementedError(
            "logsumexp with weights or signs", "write np.log(np.sum(b * np.exp(a)))"
        )
    return np.exp(a - expand(y, a, axis, keepdims))


@tangent(sp.softmax)
def softmax_tangent(x, axis=None, *, y, x_dot):
    return y * (x_dot - np.sum(y * x_dot, axis, keepdims=True))


@adjoint(sp.softmax)
def softmax_adjoint(x, axis=None, *, y, y_bar):
    return y * (y_bar - np.sum(y * y_bar, axis, keepdims=True))


@tangent(sp.log_softmax)
def log_softmax_tangent(x, axis=None, *, y, x_dot):
    return x_dot - np.sum(np.exp(y) * x_dot, axis, keepdims=True)


@adjoint(sp.log_softmax)
def log_softmax_adjoint(x, axis=None, *, y, y_bar):
    return y_bar - np.exp(y) * np.sum(y_bar, axis, keepdims=True)
