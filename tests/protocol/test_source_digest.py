"""What counts as changed code: the recipe and all it imports, not the command line."""

import pytest

from models.protocol import source_digest as module
from models.protocol.source_digest import source_digest


@pytest.fixture
def tree(tmp_path, monkeypatch):
    files = {
        "models/protocol/folds.py": "import numpy\n",
        "models/recipe.py": "def fit():\n    from models import network\n",
        "models/network.py": "import kernels.flow\nTABLE = 'pulls.csv'\n",
        "models/pulls.csv": "1\n",
        "models/notes.csv": "1\n",
        "kernels/flow.py": "RATE = 1\n",
        "models/command.py": "import models.recipe\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["models/recipe.py", "models/network.py", "models/pulls.csv", "kernels/flow.py", "models/protocol/folds.py"],
)
def test_what_a_fold_is_made_of_counts(tree, name):
    before = source_digest("models.recipe", "models.protocol.folds")
    (tree / name).write_text((tree / name).read_text() + "OTHER = 2\n")
    assert source_digest("models.recipe", "models.protocol.folds") != before


def test_what_is_not_imported_does_not_count(tree):
    before = source_digest("models.recipe")
    (tree / "models/command.py").write_text("import models.network\n")
    (tree / "models/notes.csv").write_text("2\n")
    assert source_digest("models.recipe") == before


def test_models_without_common_code_differ():
    assert source_digest("models.protocol.references") != source_digest("models.cloud_recipe")
