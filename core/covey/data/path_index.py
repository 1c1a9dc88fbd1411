"""Names found by what other programs call them: with folders before them, backslashes, other capitals."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

import attrs


@attrs.frozen
class PathIndex:
    """The names of a dataset, which are relative paths with "/", by their last part."""

    _names_by_base: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, names: Iterable[str]) -> PathIndex:
        """Return the index of these names."""
        names_by_base: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys(names):
            names_by_base[fold_name(name.rpartition("/")[2])].append(name)
        return cls(names_by_base)

    def find(self, path: str, folders: Sequence[str] = ()) -> list[str]:
        """Return the names that a path may mean: one where it is certain, several where it is not, or none.

        The last part must agree, apart from capitals and the form of accents. A path with folders never means a name
        that lies in another folder; one that begins with "./" counts from the top. Among several the one that shares
        most folders with the path is meant; where that is not decided, `folders` decide.

        Args:
            path: as another program has it: absolute, relative, with "/" or backslashes.
            folders: those in which the table with the path lies, the innermost last.
        """
        parts = split_path(path)
        candidates = self._names_by_base.get(fold_name(parts[-1]), ()) if parts else ()
        whole_path = "/".join(parts)
        from_top = path.replace("\\", "/").startswith("./")
        if whole_path in candidates and (from_top or len(parts) > 1):
            return [whole_path]
        consistent = [name for name in candidates if not from_top and _may_be(parts, name)]
        closest = _closest(consistent, parts)
        if len(closest) > 1 and len(nearest := _closest(closest, [*folders, parts[-1]], 2)) == 1:
            return nearest
        return closest


def find_conflicting_paths(targets_by_path: Iterable[tuple[str, Hashable]]) -> set[str]:
    """Return the paths of which several, in different folders, lead to one target: only one of them can be right."""
    paths_by_target: dict[Hashable, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path, target in targets_by_path:
        if folders := split_path(path.lower())[-2:-1]:
            paths_by_target[target][folders[0]].add(path)
    conflicts = (paths_by_folder for paths_by_folder in paths_by_target.values() if len(paths_by_folder) > 1)
    return {path for paths_by_folder in conflicts for paths in paths_by_folder.values() for path in paths}


def split_path(path: str) -> list[str]:
    """Return the parts of a path, without empty ones and "."."""
    return [part for part in path.strip().replace("\\", "/").split("/") if part not in ("", ".")]


def _may_be(parts: Sequence[str], name: str) -> bool:
    """Say whether the folder of a path agrees with that of a name, where both have one."""
    folders = name.split("/")[:-1]
    return not folders or len(parts) == 1 or fold_name(folders[-1]) == fold_name(parts[-2])


def _closest(names: Sequence[str], parts: Sequence[str], least: int = 1) -> list[str]:
    """Return the names that share most with the end of a path, at least so many parts; the same spelling is closer."""
    folded = [*map(fold_name, parts)]
    shares = {
        name: (_shared([*map(fold_name, name.split("/"))], folded), _shared(name.split("/"), parts)) for name in names
    }
    most = max(shares.values(), default=(0, 0))
    return [name for name, share in shares.items() if share == most and share[0] >= least]


def _shared(name: Sequence[str], parts: Sequence[str]) -> int:
    count = 0
    for own_part, path_part in zip(reversed(name), reversed(parts), strict=False):
        if own_part != path_part:
            break
        count += 1
    return count


def fold_name(part: str) -> str:
    """Return a name in the form in which it is compared: capitals and the form of accents do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
