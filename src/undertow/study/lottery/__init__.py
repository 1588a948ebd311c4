"""Seconds of trained networks in engines beside who pays for them, as a study reads both."""
