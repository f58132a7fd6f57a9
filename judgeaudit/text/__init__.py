"""The yardstick: words, sentences, protected spans and surface features of a text (pure functions)."""

from __future__ import annotations

from judgeaudit.text.measures import features, plain, syllables
from judgeaudit.text.spans import WORD, Span, protected_spans, sentence_spans, words

__all__ = ["WORD", "Span", "features", "plain", "protected_spans", "sentence_spans", "syllables", "words"]
