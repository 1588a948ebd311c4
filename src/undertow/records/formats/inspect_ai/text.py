"""Reads the texts of a sample of inspect: its input, its prompt, what the model wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from undertow.records.formats.decoding.values import listed, table, text

ATTACHMENT = "attachment://"


def attached(said: str, attachments: Mapping[str, Any]) -> str:
    """Returns the text itself where a long one is kept among the attachments."""
    if not said.startswith(ATTACHMENT):
        return said
    found = attachments.get(said.removeprefix(ATTACHMENT))
    return found if isinstance(found, str) else said


def input_text(value: Any, attachments: Mapping[str, Any]) -> str | None:
    """Returns the data set's input, which is a text or messages."""
    if not isinstance(value, list):
        said = text(value)
        return None if said is None else attached(said, attachments)
    return shown(
        [[table(m).get("role"), content(table(m).get("content"), attachments)] for m in value]
    )


def shown(messages: list[list[Any]]) -> str:
    """Shows messages as a person reads them. Where there are several, each is after its role."""
    if len(messages) == 1:
        return str(messages[0][1])
    return "\n\n".join(f"{role}: {said}" for role, said in messages)


def content(value: Any, attachments: Mapping[str, Any]) -> str:
    """Returns a message's content: its text, or those of its parts; of other parts the type."""
    if not isinstance(value, list):
        return attached(text(value) or "", attachments)
    parts = [table(part) for part in value]
    return "\n".join(
        attached(text(part["text"]) or "", attachments)
        if "text" in part
        else f"({part.get('type')})"
        for part in parts
        if part.get("type") != "reasoning"
    )


def prompt(messages: Any) -> list[list[Any]] | None:
    """Returns the messages before the first that the model wrote, with every solver's additions.

    Parts that are not text (images) count by their type. ``None`` where the log has no messages.
    """
    asked = []
    for message in listed(messages):
        role = table(message).get("role")
        if (
            role == "assistant" and table(message).get("source") != "input"
        ):  # Not a few-shot example's.
            break
        asked.append([role, content(table(message).get("content"), {})])
    return asked or None


def completion(output: Any, attachments: Mapping[str, Any]) -> str | None:
    """Returns all that the model wrote as its answer."""
    said = table(output).get("completion")
    if isinstance(said, str) and said:
        return attached(said, attachments)
    for choice in listed(table(output).get("choices")):
        return content(table(table(choice).get("message")).get("content"), attachments)
    return said if isinstance(said, str) else None
