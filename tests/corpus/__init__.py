"""A corpus: packages that were never made for differentiation, and a tool that differentiates them.

``packages`` says which they are and what exercises each; ``collect`` records calls of their
functions; ``cases`` makes of each call functions of floats with one float leaf; ``judge`` compares
their derivatives with differences; ``report`` prints and writes what came out.
"""
