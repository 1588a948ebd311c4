"""How well the worst class fares: what a study reads whose arms trade average accuracy for it.

Imported by module.
"""
