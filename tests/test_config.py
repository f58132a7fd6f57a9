"""The configuration file."""

import pytest

from judgeaudit.assets import find_asset
from judgeaudit.config import load_config, parse_config
from judgeaudit.errors import ConfigError

JUDGE = {"name": "mini", "model": "openai/gpt-4.1-mini"}
CONTRACT = """
items: core
design: {contrasts: all, items: 60, facets: all, errors: all, doses: [1, 2, 3], seed: 7}
judges:
  - name: mini
    model: openai/gpt-4.1-mini
    api_base: null
    api_key: env:OPENAI_API_KEY
    prompt: pairwise
    protocol: pairwise
    params: {temperature: 0}
collect: {orders: counterbalanced, replicates: 1, concurrency: 64, timeout_s: 60, max_cost_usd: 5}
gates: {exchange_rate: {max: 0.5}, position: {max_abs: 0.10}}
"""


def test_the_documented_configuration_is_accepted(tmp_path):
    """The example of the design, word for word."""
    path = tmp_path / "audit.yaml"
    path.write_text(CONTRACT)
    config = load_config(path)
    assert config.design.items == 60
    assert config.judges[0].params == {"temperature": 0}
    assert config.gates["position"] == {"max_abs": 0.10}


def test_the_shipped_configurations_are_accepted():
    """What ``init`` writes and ``demo`` runs."""
    for name in ("init", "demo"):
        assert load_config(find_asset("fixtures", name, ".yaml")).judges


def test_paths_are_taken_relative_to_the_file(tmp_path):
    """A configuration can be moved together with its prompt and items."""
    (tmp_path / "mine.md").write_text("$question $answer_a $answer_b")
    (tmp_path / "mine.jsonl").write_text("")
    (tmp_path / "audit.yaml").write_text("items: mine.jsonl\njudges: [{name: a, model: b, prompt: mine.md}]")
    config = load_config(tmp_path / "audit.yaml")
    assert config.items == str(tmp_path / "mine.jsonl")
    assert config.judges[0].prompt == str(tmp_path / "mine.md")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "must be a mapping"),
        ({}, "judges: Field required"),
        ({"judges": []}, "name at least one judge"),
        ({"judges": [JUDGE, JUDGE]}, "two judges are named 'mini'"),
        ({"judges": [JUDGE], "desing": {}}, r"unknown key 'desing' \(did you mean \"design\"\?\)"),
        ({"judges": [JUDGE | {"promt": "x"}]}, r"unknown key 'judges.0.promt' \(did you mean \"prompt\"\?\)"),
        (
            {"judges": [JUDGE], "collect": {"order": "both"}},
            r"unknown key 'collect.order' \(did you mean \"orders\"\?\)",
        ),
        ({"judges": [JUDGE], "collect": {"orders": "bot"}}, r"collect.orders: .*'both' \(found \"bot\"\)"),
        ({"judges": [JUDGE], "design": {"items": 0}}, "design.items: .*greater than 0"),
        ({"judges": [JUDGE], "collect": {"concurrency": "many"}}, "collect.concurrency"),
        ({"judges": [JUDGE | {"name": "a b"}]}, "judges.0.name"),
        ({"judges": [JUDGE], "margin": 1.5}, "margin"),
    ],
)
def test_every_mistake_is_named_with_what_is_allowed(data, says):
    """An unknown key is an error with a suggestion, never ignored."""
    with pytest.raises(ConfigError, match=says):
        parse_config(data)


def test_a_key_is_only_ever_named_and_never_repeated():
    """A literal key is refused, and the message does not show it."""
    with pytest.raises(ConfigError, match="as env:NAME") as caught:
        parse_config({"judges": [JUDGE | {"api_key": "sk-secret-123"}], "nonsense": 1})
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"), [("a: [", "not valid YAML"), ("!!python/object:os.system {}", "not valid YAML")]
)
def test_a_file_that_is_no_plain_yaml_is_refused(tmp_path, text, says):
    """Nothing in a configuration is run."""
    path = tmp_path / "audit.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_config(path)


def test_a_missing_file_names_the_command_that_writes_one(tmp_path):
    """The person at the terminal is told what to do next."""
    with pytest.raises(ConfigError, match="judgeaudit init"):
        load_config(tmp_path / "none.yaml")


LAUGHS = ["a: &a [x, x, x, x, x, x, x, x, x]"] + [
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n".join([*LAUGHS, "judges: *i"]), "aliases stand for more than 100,000 values"),
        ("judges: &a [*a]", "aliases stand for more than 100,000 values"),
        ("judges: " + "[" * 50_000, "nested too deeply"),
        ("", "holds nothing"),
        ("[judges]", "holds a list"),
    ],
)
def test_a_file_that_is_no_page_is_refused(tmp_path, text, said):
    """What a hostile file would unfold to is never built."""
    path = tmp_path / "audit.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_config(path)


def test_aliases_have_their_use(tmp_path):
    """Settings that judges share can be written once."""
    path = tmp_path / "audit.yaml"
    path.write_text("judges:\n  - &one {name: a, model: simulated/coin}\n  - {<<: *one, name: b}\n")
    assert [judge.name for judge in load_config(path).judges] == ["a", "b"]
