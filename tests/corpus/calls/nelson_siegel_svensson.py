"""Calls of nelson-siegel-svensson: curves built from their parameters, and their calibration."""

from __future__ import annotations

import numpy as np
from nelson_siegel_svensson import NelsonSiegelCurve, NelsonSiegelSvenssonCurve
from nelson_siegel_svensson.calibrate import (
    betas_ns_ols,
    betas_nss_ols,
    empirical_factors,
    errorfn_ns_ols,
    errorfn_nss_ols,
)


def ns_zero(beta0, beta1, beta2, tau, t):
    return NelsonSiegelCurve(beta0, beta1, beta2, tau).zero(t)


def ns_forward(beta0, beta1, beta2, tau, t):
    return NelsonSiegelCurve(beta0, beta1, beta2, tau).forward(t)


def ns_called(beta0, beta1, beta2, tau, t):
    curve = NelsonSiegelCurve(beta0, beta1, beta2, tau)
    return curve(t) + curve.factors(t)[1]


def nss_zero(beta0, beta1, beta2, beta3, tau1, tau2, t):
    return NelsonSiegelSvenssonCurve(beta0, beta1, beta2, beta3, tau1, tau2).zero(t)


def nss_forward(beta0, beta1, beta2, beta3, tau1, tau2, t):
    return NelsonSiegelSvenssonCurve(beta0, beta1, beta2, beta3, tau1, tau2).forward(t)


def nss_factor_matrix(tau1, tau2, t):
    return NelsonSiegelSvenssonCurve(0.0, 0.0, 0.0, 0.0, tau1, tau2).factor_matrix(t)


def calls() -> None:
    times = np.array([0.25, 1.0, 2.0, 5.0, 10.0, 30.0])
    rates = np.array([0.012, 0.014, 0.017, 0.021, 0.026, 0.029])
    ns = (0.028, -0.03, -0.04, 1.1)
    nss = (0.028, -0.03, -0.04, -0.015, 1.1, 4.0)
    for t in (2.5, times, 0.0):
        ns_zero(*ns, t)
        ns_forward(*ns, t)
        ns_called(*ns, t)
        nss_zero(*nss, t)
        nss_forward(*nss, t)
        nss_factor_matrix(1.1, 4.0, t)
    betas_ns_ols(1.5, times, rates)
    errorfn_ns_ols(1.5, times, rates)
    betas_nss_ols((1.5, 5.0), times, rates)
    errorfn_nss_ols((1.5, 5.0), times, rates)
    empirical_factors(0.01, 0.02, 0.03)
