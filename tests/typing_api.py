"""The documented calls, checked by mypy: what the README says must type-check."""

import judgeaudit as ja

items = ja.load_items("core")
pairs = ja.verify(ja.perturb(items, seed=7))
verdicts = ja.ask(pairs, judges=["openai/gpt-4.1", "anthropic/claude-sonnet-4-5"], store="runs/july", max_cost_usd=5)
audit: ja.Audit = ja.fit(pairs, verdicts)
ja.report(audit)
findings = ja.gate(audit, policy="gates.yaml")
again: ja.Audit = ja.audit(items, ["simulated/truth-only", ja.JudgeSpec(name="mini", model="openai/gpt-4.1-mini")])
words: str = ja.explain("JA110")
