"""Trials of what judgeaudit promises, each a function from a size to counts: see `benchmarks.campaign_reliability`."""
