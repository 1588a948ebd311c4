"""Commands to copy: each writes a table anew, with its columns as readers know them."""
