"""From a function to its derivative: activity, forward mode, reverse mode, residuals."""
