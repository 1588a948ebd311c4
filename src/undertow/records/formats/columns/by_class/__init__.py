"""Columns of one number for each class, or one list of them: which are such, and what is typed to
read them."""
