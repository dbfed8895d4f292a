"""Ways to look at derivatives."""
