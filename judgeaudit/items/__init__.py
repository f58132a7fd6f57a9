"""Questions, trusted answers and their annotated facts: ours, or the user's."""

from judgeaudit.items.authoring import compile_items
from judgeaudit.items.lint import lint_item, lint_set
from judgeaudit.items.loading import load_items
from judgeaudit.items.proposing import slotify

__all__ = ["compile_items", "lint_item", "lint_set", "load_items", "slotify"]
