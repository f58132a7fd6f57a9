"""The code in the items does what it should, and every wrong value of it does not."""

import ast
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from judgeaudit.items import load_items

MOST_STEPS = 5_000
GIVEN: dict[str, list[tuple[tuple[Any, ...], object]]] = {
    "code-binary-search": [(([2, 3, 5, 7, 11], n), where) for n, where in ((2, 0), (3, 1), (7, 3), (11, 4), (4, -1))]
    + [(([8], 8), 0), (([], 1), -1), ((list(range(9)), 0), 0), ((list(range(9)), 8), 8), ((list(range(9)), 1), 1)],
    "code-euclid-gcd": [((84, 36), 12), ((36, 84), 12), ((17, 5), 1), ((9, 0), 9), ((6, 6), 6)],
    "code-leap-year": [((year,), leap) for year, leap in ((2000, True), (1900, False), (2024, True), (2023, False))]
    + [((2200,), False), ((2020, ), True)],
    "code-balanced-brackets": [((text,), fine) for text, fine in (("([])", True), ("([)]", False), ("", True))]
    + [(("(", ), False), ((")", ), False), (("()[]", ), True), (("[(])", ), False), (("(a)[b", ), False)],
    "code-prime-sieve": [((n,), [p for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29) if p <= n]) for n in (2, 7, 10, 30)],
}  # fmt: skip
"""Arguments and what is to come of them, by item."""
CODE = {item.id: item for item in load_items("core") if any(fact.kind == "code" for fact in item.facts)}
MUTANTS = [
    (item.id, number, wrong)
    for item in CODE.values()
    for number, fact in enumerate(item.facts)
    if fact.kind == "code"
    for wrong in range(len(fact.distractors))
]


def function_in(text: str) -> Callable[..., object]:
    """Return the function that an answer's code block defines."""
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    space: dict[str, Any] = {}
    tree = ast.parse(block)
    exec(compile(tree, "answer", "exec"), space)  # noqa: S102 - our own items
    return space[next(node.name for node in tree.body if isinstance(node, ast.FunctionDef))]


def outcome(function: Callable[..., object], arguments: tuple[Any, ...]) -> object:
    """Return what a call gives, or how it fails; a loop without end is a failure too."""
    steps = 0

    def count(*_: object) -> Any:
        nonlocal steps
        steps += 1
        if steps > MOST_STEPS:
            raise TimeoutError
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return function(*arguments)
    except (TimeoutError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return type(error)
    finally:
        sys.settrace(before)


def test_every_code_item_has_its_cases() -> None:
    """An item with code that nobody runs would not be tested code."""
    assert set(CODE) == set(GIVEN)
    assert len(MUTANTS) >= 30


@pytest.mark.parametrize("item_id", GIVEN)
def test_the_right_code_does_what_it_should(item_id: str) -> None:
    """On every given call."""
    function = function_in(CODE[item_id].answer)
    for arguments, expected in GIVEN[item_id]:
        assert outcome(function, arguments) == expected, arguments


@pytest.mark.parametrize(("item_id", "number", "wrong"), MUTANTS)
def test_the_wrong_code_parses_and_differs(item_id: str, number: int, wrong: int) -> None:
    """A judge can find the error by thinking: the code is well-formed, and gives another result for some call."""
    item = CODE[item_id]
    fact = item.facts[number]
    text = item.answer
    for start, end in sorted(fact.spans, reverse=True):
        text = text[:start] + fact.distractors[wrong].value + text[end:]
    function = function_in(text)
    assert any(outcome(function, arguments) != expected for arguments, expected in GIVEN[item_id])
