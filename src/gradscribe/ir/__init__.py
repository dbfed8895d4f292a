"""The intermediate representation; ``core`` says what it is."""
