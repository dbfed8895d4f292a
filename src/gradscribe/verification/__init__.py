"""Derivatives held against differences, and derivatives written by hand against the compiler's."""
