"""From a target to the app object."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fluxlit._target import TargetError, load_target, module_of_file

APP = "from fluxlit import FluxLit\napp = FluxLit(title={!r})\n"
Project = Callable[..., Path]


def test_a_module_beside_us_comes_before_an_installed_one(project: Project) -> None:
    project(colorsys_app=APP.format("ours"))
    assert load_target("colorsys_app:app").settings.title == "ours"


def test_a_file_may_be_named_and_imports_its_siblings(project: Project) -> None:
    project(work__web="from helper import TITLE\n" + APP.format("x").replace("'x'", "TITLE"), work__helper="TITLE = 'ours'")
    assert load_target("./work/web.py:app").settings.title == "ours"


def test_a_file_in_a_package_has_its_relative_imports(project: Project) -> None:
    text = "from . import names\nfrom fluxlit import FluxLit\nclass Holder: app = FluxLit(title=names.TITLE)\n"
    root = project(shop__inner__web=text, shop__inner__names="TITLE = 'deep'")
    (root / "shop/__init__.py").touch()
    (root / "shop/inner/__init__.py").touch()
    assert load_target("shop/inner/web.py:Holder.app").settings.title == "deep"
    assert module_of_file(root / "shop/inner/web.py")[0] == "shop.inner.web"


def test_the_module_is_imported_once(project: Project) -> None:
    project(counted="import os\nos.environ['COUNT'] = os.environ.get('COUNT', '') + 'x'\n" + APP.format("one"))
    import os

    try:
        assert load_target("counted:app") is load_target("counted:app") is load_target("./counted.py:app")
        assert os.environ["COUNT"] == "x"
    finally:
        os.environ.pop("COUNT", None)


@pytest.mark.parametrize("target", ["app", "app:", ":app", "", "./app.py"])
def test_a_target_has_two_halves(target: str) -> None:
    with pytest.raises(TargetError, match="module:attribute"):
        load_target(target)


def test_what_is_not_there_is_said_with_what_is(project: Project) -> None:
    project(named="from fluxlit import FluxLit\nweb = FluxLit()\nother = 3\n")
    with pytest.raises(TargetError, match=r"`named` has no attribute `app`; it has: web .*named\.py"):
        load_target("named:app")
    with pytest.raises(TargetError, match="`named:other` is of type int, not a FluxLit app"):
        load_target("named:other")
    with pytest.raises(TargetError, match=r"there is no file \./nowhere\.py"):
        load_target("./nowhere.py:app")
    with pytest.raises(ModuleNotFoundError):
        load_target("nowhere_at_all:app")


def test_the_path_is_set_once_and_not_with_every_run(project: Project) -> None:
    project(steady=APP.format("x"))
    load_target("steady:app")
    before = list(sys.path)
    load_target("steady:app")
    assert sys.path == before
