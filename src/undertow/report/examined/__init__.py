"""The page, the files and the terminal's text of examined training examples."""
