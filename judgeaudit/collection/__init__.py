"""Asks judges: plans the trials, puts them, and brings back one verdict for each cell."""

from judgeaudit.collection.batches import BatchPlan, Collected, Exported, collect, export
from judgeaudit.collection.collector import Settings, ask, ask_async, check_request, recollect
from judgeaudit.collection.costs import Forecast, forecast
from judgeaudit.collection.progress import Listener, Progress
from judgeaudit.collection.schedule import Orders, plan

__all__ = [
    "BatchPlan",
    "Collected",
    "Exported",
    "Forecast",
    "Listener",
    "Orders",
    "Progress",
    "Settings",
    "ask",
    "ask_async",
    "check_request",
    "collect",
    "export",
    "forecast",
    "plan",
    "recollect",
]
