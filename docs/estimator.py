"""An estimator for scikit-learn, fitted by a derivative."""

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, RegressorMixin

import gradscribe as gs


def loss(theta, X, y, alpha):
    """The negative log likelihood of counts, the intercept first, and a penalty."""
    z = X @ theta[1:] + theta[0]
    return np.mean(np.exp(z) - y * z) + alpha / 2 * np.sum(theta[1:] ** 2)


class PoissonRegression(RegressorMixin, BaseEstimator):
    """Counts whose logarithm is linear in the features."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        start = np.zeros(X.shape[1] + 1)
        found = minimize(gs.value_and_grad(loss), start, (X, y, self.alpha), jac=True)
        self.intercept_, self.coef_ = found.x[0], found.x[1:]
        return self

    def predict(self, X):
        return np.exp(X @ self.coef_ + self.intercept_)
