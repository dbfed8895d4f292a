"""From a Python function to the IR: abstract interpretation of its AST."""
