"""The hardware lottery of one network: variants of it as things that run, what each promises, and
seconds of all of them side by side (2009.06489)."""
