"""The command line: every verb maps to one public function and says where its artefacts are."""

from judgeaudit.cli.app import main

__all__ = ["main"]
