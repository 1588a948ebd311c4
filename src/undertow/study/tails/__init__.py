"""Examples that are rare and examples that are labelled wrongly, told apart by how they are
learned.

Imported by module.
"""
