"""Scripted writers and readers for the loopback server: good, leaking, empty-handed, malformed and refusing."""

import json
import re

from tests.server import completion

QUESTION = re.compile(r"<question [0-9a-f]{8}>\n(.*?)\n</question", re.DOTALL)
ANSWER = re.compile(r"<answer [0-9a-f]{8}>\n(.*?)\n</answer", re.DOTALL)
SIDES = re.compile(r"<answer_a [0-9a-f]{8}>\n(.*?)\n</answer_a.*<answer_b [0-9a-f]{8}>\n(.*?)\n</answer_b", re.DOTALL)
KIND = re.compile(r'"kind" is "([a-z]+)"')


def first_prompt(request):
    """The prompt that opened the conversation."""
    return request.body["messages"][0]["content"]


def script(*edits, truth="unchanged", **more):
    """The JSON of an edit script."""
    return json.dumps({"edits": list(edits), "claim_before": "x", "claim_after": "y", "truth": truth} | more)


def edit(old, new, kind="style", severity="none", occurrence=1):
    """One proposed edit."""
    return {
        "old": old, "new": new, "occurrence": occurrence, "kind": kind, "severity": severity, "why": "because",
    }  # fmt: skip


class Scribe:
    """A writer that knows the items' slots, so that what it writes is right."""

    def __init__(self, items):
        self.items = {item.question: item for item in items}

    def good(self, request):
        """A friendly opening, or a slot's own wrong value; an empty script where the item has no such fact."""
        prompt = first_prompt(request)
        answer = ANSWER.search(prompt)[1]
        kind = KIND.search(prompt)[1]
        if kind == "style":
            word = answer.split()[0]
            return script(edit(word, f"Sure, I am happy to help! {word}"))
        facts = [fact for fact in self.items[QUESTION.search(prompt)[1]].facts if fact.kind == kind and not fact.also]
        if not facts:
            return script(truth="false")
        fact = facts[0]
        nth = answer[: fact.start].count(fact.value) + 1
        return script(edit(fact.value, fact.distractors[0].value, kind, "major", nth), truth="false")

    def leaking(self, request):
        """The answer's first word goes missing behind the courtesy, or a mark comes with the mistake."""
        answer = ANSWER.search(first_prompt(request))[1]
        word = next(w for w in answer.split() if w.isalpha() and len(w) > 5)
        kind = KIND.search(first_prompt(request))[1]
        if kind == "style":
            return script(edit(word, "Gladly"))
        return script(edit(word, f"**{word}s**!", kind, "major"), truth="false")

    def repaired(self, request):
        """It leaks until it is told what was wrong."""
        return self.good(request) if len(request.body["messages"]) > 1 else self.leaking(request)


def idle(request):
    """It replaces a word by itself."""
    word = ANSWER.search(first_prompt(request))[1].split()[0]
    kind = KIND.search(first_prompt(request))[1]
    styled = kind == "style"
    return script(edit(word, word, kind, "none" if styled else "minor"), truth="unchanged" if styled else "false")


def malformed(request):
    """A whole answer instead of edits."""
    return "Sure! Here is the answer in a friendlier voice."


def refusing(request):
    """A refusal, as providers mark it."""
    return completion(None, refusal="I cannot help with that.")


def reader(expected):
    """A reader that answers by ``expected(a, b) -> (same_claims, wrong)``."""

    def read(request):
        same, wrong = expected(*SIDES.search(first_prompt(request)).groups())
        return json.dumps({"same_claims": same, "wrong": wrong, "claim": ""})

    return read
