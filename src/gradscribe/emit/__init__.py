"""From the intermediate representation to source text."""
