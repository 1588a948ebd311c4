"""What is measured of a training beside its record."""
