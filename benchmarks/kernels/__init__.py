"""Numerical programs as people write them, each with its gradient written by hand.

A module defines ``primal``, ``by_hand`` (the gradient of the sum of what ``primal`` returns),
``WRT`` (the parameters it is taken with respect to) and ``arguments(scale)``: arguments for a test
where ``scale`` is 0 and for a measurement where it is 1.
"""
