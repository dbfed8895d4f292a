"""Lists of calls for packages that have too few examples and no tests of their own."""
