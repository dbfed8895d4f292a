"""What runs when a derivative is called, and how generated text becomes functions."""
