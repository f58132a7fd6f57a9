"""The shipped files are found in a wheel, an editable install and a bare checkout."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = [
    str(path.relative_to(ROOT))
    for folder in ("prompts", "fixtures")
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
]
OPEN = """
import json, sys
from judgeaudit.assets import find_asset
from judgeaudit.items import load_items
import judgeaudit
print(json.dumps([judgeaudit.__file__, len(load_items("core")), find_asset("prompts", "pairwise", ".md").read_text()]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from this checkout, without isolation: the build backend is installed."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def opened(environment, cwd):
    """What a fresh process finds of the shipped files."""
    command = [sys.executable, "-c", OPEN]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd, env=environment)
    return json.loads(done.stdout)


def test_the_wheel_carries_every_shipped_file(wheel):
    """No ignore pattern drops a prompt or a fixture in silence."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"judgeaudit/{name}" for name in SHIPPED} <= names
    assert "judgeaudit/py.typed" in names
    assert not any(name.startswith(("tests/", "prompts/", "fixtures/")) for name in names)


def test_an_installed_wheel_finds_them_with_the_source_out_of_reach(wheel, tmp_path):
    """Installed into an empty environment beside its dependencies, it opens items and prompts."""
    venv.create(tmp_path / "env", with_pip=False)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    where, n_items, prompt = opened({"PYTHONPATH": f"{site}", "PATH": ""}, tmp_path)
    assert where.startswith(str(site))
    assert n_items >= 60
    assert "$answer_a" in prompt


def test_a_bare_checkout_finds_them(tmp_path):
    """With the checkout on the path and nothing installed, the same files open."""
    where, n_items, prompt = opened({"PYTHONPATH": str(ROOT), "PATH": ""}, tmp_path)
    assert where.startswith(str(ROOT))
    assert n_items >= 60
    assert "$answer_a" in prompt


def test_an_editable_install_finds_them(tmp_path):
    """Through the path file that ``pip install -e .`` writes."""
    site = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(site),
    ]
    subprocess.run([*command, "--editable", str(ROOT)], check=True, capture_output=True)
    code = f"import site; site.addsitedir({str(site)!r})\n{OPEN}"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path, env={"PATH": ""}
    )
    where, n_items, _ = json.loads(done.stdout)
    assert where.startswith(str(ROOT))
    assert n_items >= 60
