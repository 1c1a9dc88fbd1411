"""What was done in a copy of the labels since it was made, as changes to the labels of the dataset.

A three-way merge: the labels as both began, the user's copy, and the dataset's own. A change on one side alone is
taken; what both sides did differently is left as it is in the dataset, and named.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping

import attrs

from covey._base.balance import Balance
from covey._base.text import count_noun
from covey.labelling import changes
from covey.labelling.changes import Labelled
from covey.labelling.classes import free_colour, isolate_text
from covey.labelling.label_state import NO_CLASS, LabelFileState, LabelKey

_NOTHING = "nothing there"


@attrs.frozen
class ThreeStates:
    """The labels as both sides began, those of the user's copy, those of the dataset, and what was taken there since.

    `id_there` has the number that each class of the beginning has in the dataset, if it is there.
    """

    base: LabelFileState
    copy: LabelFileState
    there: LabelFileState
    removed_there: Collection[LabelKey]
    id_there: Mapping[int, int]

    @classmethod
    def of(
        cls, base: LabelFileState, copy: LabelFileState, there: LabelFileState, removed_there: Collection[LabelKey]
    ) -> ThreeStates:
        """Find the classes of the beginning in the dataset: by number in the same history, else by name."""
        if has_grown_from(there, base):
            id_there = {number: number for number in base.classes if number in there.classes}
        else:
            ids_by_name = {name: number for number, (name, _) in there.classes.items()}
            id_there = {n: ids_by_name[name] for n, (name, _) in base.classes.items() if name in ids_by_name}
        labels = _take_later_contents(base.labels, copy.labels)
        return cls(attrs.evolve(base, labels=labels), copy, there, removed_there, id_there)

    def name(self, number: int) -> str:
        """Return the name that a class had in the beginning, or has in the copy, in quotation marks."""
        return quote_name((self.base.classes.get(number) or self.copy.classes[number])[0])


@attrs.define
class LabelMerge:
    """The changes to the labels of a dataset; the balance of the labels given, and a sentence for each conflict.

    Classes are meant by their numbers in the dataset. `unreturned` are labels that were given and did not come back.
    """

    altered: dict[int, tuple[str, str]] = attrs.field(factory=dict)
    deleted: list[int] = attrs.field(factory=list)
    created: dict[int, tuple[str, str]] = attrs.field(factory=dict)
    gives: list[tuple[int, Labelled]] = attrs.field(factory=list)
    takes: list[LabelKey] = attrs.field(factory=list)
    balance: Balance = attrs.field(factory=lambda: Balance("label", "given meanwhile"))
    conflicts: list[str] = attrs.field(factory=list)
    unreturned: list[Labelled] = attrs.field(factory=list)

    def describe(self) -> str:
        """Return what changes, in a few words."""
        counts = {
            "label given": len(self.gives),
            "label removed": len(self.takes),
            "class changed": len(self.altered) + len(self.deleted),
        }
        parts = [count_noun(count, noun.split()[0]) + f" {noun.split()[1]}" for noun, count in counts.items() if count]
        return ", ".join(parts) or "nothing new"


def has_grown_from(state: LabelFileState, base: LabelFileState) -> bool:
    """Whether a label file has the history that another one began with."""
    return bool(base.actions) and base.actions[-1] in state.actions


def quote_name(name: str) -> str:
    """Return the name of a class for a sentence; without one nothing is there."""
    return f"“{isolate_text(name or _NOTHING)}”"


def plan_merge(states: ThreeStates, free_class_id: int) -> LabelMerge:
    """Return what was done in the copy, as changes to the labels of the dataset.

    Args:
        states: the three label files.
        free_class_id: a number that no class of the dataset has or had, nor any higher one.
    """
    merge = LabelMerge()
    _plan_altered_classes(states, merge)
    _plan_deleted_classes(states, merge)
    ids = _plan_class_ids(states, merge, free_class_id)
    _plan_given_labels(states, merge, ids)
    _plan_taken_labels(states, merge)
    return merge


def write_merge(db: sqlite3.Connection, action: int, merge: LabelMerge) -> None:
    """Write the changes down for an action. Raises CoveyError."""
    names = dict(db.execute("SELECT id, name FROM class"))
    for number, (name, colour) in merge.altered.items():
        changes.alter(db, action, names[number], name=name, colour=colour)
    for number in merge.deleted:
        changes.delete_class(db, action, names[number])
    for number, (name, colour) in merge.created.items():
        changes.create_class(db, action, number, name, colour)
    changes.give_labels(db, action, [(number, row) for number, row in merge.gives if number != NO_CLASS])
    changes.take_labels(db, action, [key for key in merge.takes if key[0] != NO_CLASS])
    changes.take_absences_of_labelled(db, action)
    changes.take_absences(db, action, [key[1:] for key in merge.takes if key[0] == NO_CLASS])
    changes.add_absences(db, action, [row for number, row in merge.gives if number == NO_CLASS])


def _take_later_contents(
    base_labels: Mapping[LabelKey, Labelled], copy_labels: Mapping[LabelKey, Labelled]
) -> dict[LabelKey, Labelled]:
    """Return the labels of the beginning with the contents that were filled in later, in the copy."""
    contents = {key[:2]: key[2] for key in copy_labels if key not in base_labels}
    later = {}
    for key, row in base_labels.items():
        new_key = (*key[:2], contents.get(key[:2], "")) if not key[2] else key
        later[new_key if new_key in copy_labels and _is_same(copy_labels[new_key], row) else key] = row
    return later


def _is_same(row: Labelled, other_row: Labelled) -> bool:
    """Whether two rows are one label, neither of which was given again."""
    return (row.when, row.how) == (other_row.when, other_row.how)


def _plan_altered_classes(states: ThreeStates, merge: LabelMerge) -> None:
    """Rename and recolour the classes that were renamed and recoloured in the copy alone."""
    names_there = {name for name, _ in states.there.classes.values()}
    for number, before in states.base.classes.items():
        after = states.copy.classes.get(number, before)
        if after == before:
            continue
        number_there = states.id_there.get(number)
        if number_there is None:
            merge.conflicts.append(f"{quote_name(before[0])} was changed here and deleted there: it stays deleted.")
            continue
        there = states.there.classes[number_there]
        name = _choose_name(before[0], after[0], there[0], names_there, merge)
        colour = _choose(before[1], after[1], there[1], f"{quote_name(before[0])} was coloured", merge)
        names_there.add(name)
        if (name, colour) != there:
            merge.altered[number_there] = (name, colour)


def _choose_name(before: str, after: str, there: str, names_there: Collection[str], merge: LabelMerge) -> str:
    """Return the name of a class that may have been renamed on both sides."""
    name = _choose(before, after, there, f"{quote_name(before)} was renamed to", merge)
    if name == there or name not in names_there:
        return name
    merge.conflicts.append(
        f"{quote_name(before)} was renamed to {quote_name(after)} here, and there is such a class there already: it"
        " keeps its name; merge the two if they are one."
    )
    return there


def _choose(before: str, after: str, there: str, what: str, merge: LabelMerge) -> str:
    """Return the field of a class: what is there, unless it was changed in the copy alone."""
    if after in (before, there):
        return there
    if there == before:
        return after
    merge.conflicts.append(f"{what} {quote_name(after)} here and {quote_name(there)} there: it stays as it is there.")
    return there


def _plan_deleted_classes(states: ThreeStates, merge: LabelMerge) -> None:
    """Delete the classes that were deleted in the copy, unless they were used or renamed in the dataset since."""
    for number, (name, _) in states.base.classes.items():
        number_there = states.id_there.get(number)
        if number in states.copy.classes or number_there is None:
            continue
        new_names = sorted(
            key[1]
            for key, row in states.there.labels.items()
            if key[0] == number_there and not _was_there_before(states, number, key, row)
        )
        name_there = states.there.classes[number_there][0]
        if new_names:
            sentence = f"{quote_name(name)} was deleted here, and given to {count_noun(len(new_names), 'image')} there"
            merge.conflicts.append(f"{sentence} ({', '.join(new_names)}): it stays, with all its labels.")
        elif name_there != name:
            sentence = f"{quote_name(name)} was deleted here and renamed to {quote_name(name_there)} there: it stays."
            merge.conflicts.append(sentence)
        else:
            merge.deleted.append(number_there)


def _was_there_before(states: ThreeStates, number: int, key: LabelKey, row: Labelled) -> bool:
    earlier = states.base.labels.get((number, *key[1:])) or states.base.labels.get((number, key[1], ""))
    return earlier is not None and _is_same(earlier, row)


def _plan_class_ids(states: ThreeStates, merge: LabelMerge, free_class_id: int) -> dict[int, int]:
    """Return the number in the dataset of each class of the copy; those that are new are created there."""
    classes_there = {**states.there.classes, **merge.altered}
    ids_by_name = {name: number for number, (name, _) in classes_there.items() if number not in merge.deleted}
    colours = {colour for _, colour in classes_there.values()}
    ids = dict(states.id_there)
    for number, (name, colour) in states.copy.classes.items():
        if number in states.base.classes:
            continue
        if name not in ids_by_name:
            ids_by_name[name] = free_class_id + len(merge.created)
            new_colour = free_colour(colours, ids_by_name[name]) if colour in colours else colour
            colours.add(new_colour)
            merge.created[ids_by_name[name]] = (name, new_colour)
        ids[number] = ids_by_name[name]
    return ids


def _plan_given_labels(states: ThreeStates, merge: LabelMerge, ids: Mapping[int, int]) -> None:
    """Give what was given in the copy, if the class is there and nobody has taken the label away since."""
    images_there = {key[:2] for key in states.there.labels}
    labelled_there = {key[1:] for key in states.there.labels if key[0] != NO_CLASS}
    for key, row in states.copy.labels.items():
        if key in states.base.labels and _is_same(states.base.labels[key], row):
            continue
        number, name, content = key
        number_there, title = ids.get(number), f"{name}: {row.label or _NOTHING}"
        key_there = (number_there or 0, name, content)
        is_there = {key_there, (*key_there[:2], "")} & states.there.labels.keys()
        if number_there is None:
            merge.balance.leave_out("whose class was deleted there meanwhile", title)
        elif is_there or (not content and key_there[:2] in images_there):
            merge.balance.leave_out("that are there already", title)
            continue
        elif number == NO_CLASS and key[1:] in labelled_there:
            merge.balance.leave_out("whose images were labelled there meanwhile", title)
            continue
        elif key_there in states.removed_there:
            merge.balance.leave_out("that were removed there meanwhile", title)
        else:
            merge.balance.used += 1
            merge.gives.append((number_there, row))
            continue
        merge.unreturned += [row] if row.label else []


def _plan_taken_labels(states: ThreeStates, merge: LabelMerge) -> None:
    """Take what was taken in the copy, unless it was given again in the dataset since."""
    again: dict[int, list[str]] = {}
    for key, row in states.base.labels.items():
        number_there = states.id_there.get(key[0])
        if key in states.copy.labels or key[0] not in states.copy.classes or number_there is None:
            continue
        for key_there in _list_keys_there(number_there, key, states.there.labels):
            if _is_same(states.there.labels[key_there], row):
                merge.takes.append(key_there)
            else:
                again.setdefault(key[0], []).append(key[1])
    for number, names in again.items():
        sentence = f"{states.name(number)} was taken from {', '.join(names)} here, and given again there: it stays."
        merge.conflicts.append(sentence)


def _list_keys_there(number_there: int, key: LabelKey, labels: Mapping[LabelKey, Labelled]) -> Iterator[LabelKey]:
    for content in dict.fromkeys((key[2], "")):
        if (number_there, key[1], content) in labels:
            yield (number_there, key[1], content)
