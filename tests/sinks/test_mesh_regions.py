import pytest
from mesh_regions import mesh_regions as made_anew

from kernels.face_regions import MOTION_REGIONS
from realtime.mesh_regions import mesh_regions


def test_the_table_agrees_with_the_regions_that_are_measured():
    table, anew = mesh_regions(), made_anew()
    assert tuple(table) == MOTION_REGIONS == tuple(anew)
    for name, numbers in anew.items():
        # Another processor may place the mesh a hair's breadth elsewhere.
        common, all_of_it = set(numbers) & set(table[name]), set(numbers) | set(table[name])
        assert len(common) >= 0.9 * len(all_of_it), f"{name}: run python tests/sinks/mesh_regions.py"


@pytest.mark.parametrize("name", [n for n in MOTION_REGIONS if n.endswith("_left")])
def test_both_sides_have_as_many_triangles(name):
    table = mesh_regions()
    assert len(table[name]) == len(table[name.replace("_left", "_right")]) > 4
