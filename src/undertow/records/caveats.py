"""How the sentences begin that say what a comparison could not check: whoever sums them up reads
them by these."""

from __future__ import annotations

NOT_BY_CONTENT = "Not verified (no content_hash): the same example_id may mean different inputs."
NOT_BY_PROMPT = "Not verified (no prompt_hash): the same example may be asked in other words."
DOES_NOT_SAY = "Could not be verified, because "
ONLY_IN_BOTH = "Only examples in both populations are compared"
LABELS_OF_ONE = "Labels are those of "
NO_LABELS = "There are no labels"
PROMPTS_DIFFER = "The prompts differ"
NO_CONFIGURATION = "so few-shot count and versions cannot be checked"
"""How a sentence ends on logs without the file that holds their settings."""
PROMPTED = ("choice", "generation")
"""Tasks whose examples reach a model as a prompt."""
