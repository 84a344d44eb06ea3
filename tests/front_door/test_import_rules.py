"""The list of libraries that `app.rules` may not import is complete."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path


def test_every_library_of_the_lock_is_forbidden_to_the_rules() -> None:
    lock = Path("requirements.lock").read_text("utf-8")
    locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", lock))
    installed = {
        module
        for module, distributions in packages_distributions().items()
        if module.isidentifier() and not module.startswith("_")
        if any(re.sub(r"[-_.]+", "-", name).lower() in locked for name in distributions)
    }
    contracts = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (rules,) = (contract for contract in contracts if contract.get("source_modules") == ["app.rules"])
    assert installed - set(rules["forbidden_modules"]) == set()
