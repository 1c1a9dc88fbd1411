"""The work-list: what it shows next to a person who labels, given labels, refusals and answers so far."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from covey.analysis.assist.certainty import Certainty, Marks
from covey.analysis.assist.worklist import Answer, Batch, Guesses, Worklist

IMAGES, CLASSES = 600, 3


@attrs.frozen(eq=False)
class Sounds:
    """Images of three kinds that lie apart, some between them: features, embedding, and the truth."""

    X: NDArray[np.float32]
    Z: NDArray[np.float32]
    truth: NDArray[np.intp]


@pytest.fixture(scope="module")
def sounds() -> Sounds:
    rng = np.random.default_rng(0)
    truth = np.arange(IMAGES) % CLASSES
    X = rng.normal(0, 4, (CLASSES, 16))[truth] + rng.normal(0, 1, (IMAGES, 16))
    Z = np.array([[0, 0], [4, 0], [0, 4]])[truth] + rng.normal(0, 1, (IMAGES, 2))
    return Sounds(X.astype(np.float32), Z.astype(np.float32), truth)


@pytest.fixture(scope="module")
def worklist(sounds: Sounds) -> Worklist:
    return Worklist(sounds.X, sounds.Z)


def nothing(images: int = IMAGES, classes: int = CLASSES) -> Marks:
    return np.zeros((images, classes), dtype=np.bool_)


def labelled(sounds: Sounds, count: int) -> Marks:
    """Return marks with the truth of so many images of each class."""
    assigned = nothing()
    assigned[np.arange(count * CLASSES), sounds.truth[: count * CLASSES]] = True
    return assigned


def require_batch(batch: Batch | None) -> Batch:
    assert batch is not None
    return batch


def suggestion(worklist: Worklist, assigned: Marks, refused: Marks) -> Batch:
    """Return the next batch of a suggested class, having skipped all groups before it."""
    answers: list[Answer] = []
    while (batch := require_batch(worklist.next(assigned, refused, answers))).label is None:
        answers.append(Answer(batch, 0))
    return batch


def test_without_labels_there_are_groups_of_images_alike(worklist: Worklist, sounds: Sounds) -> None:
    batch = require_batch(worklist.next(nothing(classes=0), nothing(classes=0)))
    assert batch.label is None
    assert len(batch.rows) >= 4
    assert len(np.unique(sounds.truth[batch.rows])) == 1


def test_a_group_that_was_skipped_does_not_come_again(worklist: Worklist) -> None:
    answers: list[Answer] = []
    while batch := worklist.next(nothing(), nothing(), answers):
        assert batch.group not in [answer.batch.group for answer in answers]
        answers.append(Answer(batch, 0))
    assert len(answers) > 5


def test_a_batch_is_of_one_class_the_most_certain_first(worklist: Worklist, sounds: Sounds) -> None:
    assigned = labelled(sounds, 10)
    batch = suggestion(worklist, assigned, nothing())
    sure = worklist.certainty.estimate(assigned, nothing())[batch.rows, batch.label]
    assert len(batch.rows) > 10
    assert (np.diff(sure) <= 0).all()
    assert not assigned[batch.rows].any()


def test_suggestions_are_right_where_classes_lie_apart(worklist: Worklist, sounds: Sounds) -> None:
    assigned, answers = labelled(sounds, 10), list[Answer]()
    for _ in range(100):
        batch = worklist.next(assigned, nothing(), answers)
        if batch is None:
            break
        right = np.flatnonzero(sounds.truth[batch.rows] == batch.label)
        answers.append(Answer(batch, len(right)))
        assigned[batch.rows[right], batch.label] = True
    suggested = [answer for answer in answers if answer.batch.label is not None]
    shown_images = sum(len(answer.batch.rows) for answer in suggested)
    assert sum(answer.right for answer in suggested) > 0.95 * shown_images
    assert assigned[np.arange(IMAGES), sounds.truth].mean() > 0.95


def test_what_was_refused_does_not_come_back_for_that_class(worklist: Worklist, sounds: Sounds) -> None:
    assigned, refused, answers = labelled(sounds, 10), nothing(), list[Answer]()
    for _ in range(30):
        batch = worklist.next(assigned, refused, answers)
        if batch is None:
            break
        answers.append(Answer(batch, 0))
        if batch.label is not None:
            assert not refused[batch.rows, batch.label].any()
            refused[batch.rows, batch.label] = True
    assert refused.any(axis=0).all()
    assert (worklist.certainty.estimate(assigned, refused)[refused] == 0).all()


def test_a_class_whose_suggestions_were_wrong_makes_smaller_promises(worklist: Worklist, sounds: Sounds) -> None:
    assigned, groups = labelled(sounds, 10)[:, :1], list[Answer]()
    while batch := worklist.next(nothing(), nothing(), groups):
        groups.append(Answer(batch, 0))
    trusting = require_batch(worklist.next(assigned, nothing(classes=1), groups))
    wary = require_batch(worklist.next(assigned, nothing(classes=1), [*groups, Answer(trusting, 0)]))
    assert (trusting.label, wary.label) == (0, 0)
    assert wary.expected < trusting.expected / 2


def test_one_class_alone_is_suggested_near_its_images(worklist: Worklist, sounds: Sounds) -> None:
    assigned = nothing(classes=1)
    assigned[sounds.truth == 0] = True
    assigned[np.flatnonzero(sounds.truth == 0)[100:]] = False
    batch = suggestion(worklist, assigned, nothing(classes=1))
    assert batch.label == 0
    assert (sounds.truth[batch.rows] == 0).mean() > 0.9


def test_a_class_with_one_image_beside_others(worklist: Worklist, sounds: Sounds) -> None:
    assigned = labelled(sounds, 10)
    assigned[sounds.truth == 2] = False
    assigned[np.flatnonzero(sounds.truth == 2)[0], 2] = True
    sure = worklist.certainty.estimate(assigned, nothing())
    assert np.isfinite(sure).all()
    near = np.argsort(-sure[:, 2])[1:6]
    assert (sounds.truth[near] == 2).all()


def test_classes_of_one_image_each(worklist: Worklist, sounds: Sounds) -> None:
    assigned = labelled(sounds, 1)
    batch = suggestion(worklist, assigned, nothing())
    assert sounds.truth[batch.rows[0]] == batch.label


def test_a_class_without_images_is_never_suggested(worklist: Worklist, sounds: Sounds) -> None:
    assigned = labelled(sounds, 10)
    assigned[:, 1] = False
    assert (worklist.certainty.estimate(assigned, nothing())[:, 1] == 0).all()


def test_certainties_are_probabilities(worklist: Worklist, sounds: Sounds) -> None:
    sure = worklist.certainty.estimate(labelled(sounds, 10), nothing())
    assert sure.shape == (IMAGES, CLASSES)
    assert sure.dtype == np.float32
    assert sure.min() >= 0
    assert sure.sum(axis=1).max() <= 1 + 1e-5


def test_what_is_far_from_every_label_is_of_no_class_so_far() -> None:
    rng = np.random.default_rng(0)
    Z = np.concatenate([rng.normal(0, 0.1, (50, 2)), rng.normal(50, 0.1, (50, 2))]).astype(np.float32)
    assigned = nothing(100, 1)
    assigned[:10] = True
    sure = Certainty(Z, Z).estimate(assigned, nothing(100, 1))[:, 0]
    assert sure[10:50].min() > 0.3
    assert sure[50:].max() == 0


def test_an_image_of_several_classes_counts_for_each(worklist: Worklist, sounds: Sounds) -> None:
    assigned = labelled(sounds, 10)
    assigned[:3] = True
    batch = suggestion(worklist, assigned, nothing())
    assert not assigned[batch.rows].any()


def test_when_every_image_has_a_class_nothing_is_left(worklist: Worklist, sounds: Sounds) -> None:
    assert worklist.next(labelled(sounds, IMAGES // CLASSES), nothing()) is None


def test_one_image() -> None:
    first = np.ones((1, 2), dtype=np.float32)
    worklist = Worklist(first, first)
    assert worklist.next(nothing(1, 0), nothing(1, 0)) is None
    assert worklist.next(~nothing(1, 1), nothing(1, 1)) is None


@pytest.mark.parametrize("images", [2, 3, 5])
def test_few_images(images: int) -> None:
    X = np.random.default_rng(0).normal(size=(images, 3)).astype(np.float32)
    assigned = nothing(images, 2)
    assigned[0, 0] = True
    batch = require_batch(Worklist(X, X).next(assigned, nothing(images, 2)))
    assert 0 not in batch.rows


def test_images_that_are_all_the_same() -> None:
    X = np.ones((30, 3), dtype=np.float32)
    assigned = nothing(30, 2)
    assigned[0, 0] = assigned[1, 1] = True
    batch = require_batch(Worklist(X, X).next(assigned, nothing(30, 2)))
    assert np.isfinite(batch.expected)


def test_equal_inputs_give_equal_batches(sounds: Sounds) -> None:
    assigned, refused = labelled(sounds, 5), nothing()
    refused[300:310, 1] = True
    first, second = (require_batch(Worklist(sounds.X, sounds.Z).next(assigned, refused)) for _ in range(2))
    assert first.rows.tolist() == second.rows.tolist()
    assert (first.label, first.group, first.expected) == (second.label, second.group, second.expected)


def test_the_more_labels_the_more_sure(worklist: Worklist, sounds: Sounds) -> None:
    few, many = (worklist.certainty.estimate(labelled(sounds, count), nothing()) for count in (2, 60))
    rest = np.arange(60 * CLASSES, IMAGES)
    right = sounds.truth[rest]
    assert many[rest, right].mean() > few[rest, right].mean()


def test_suggestions_that_were_all_right_are_expected_to_be_right(worklist: Worklist, sounds: Sounds) -> None:
    """The same images are promised with more certainty once batches were accepted without a refusal."""
    assigned, skipped = labelled(sounds, 3), list[Answer]()
    while (batch := require_batch(worklist.next(assigned, nothing(), skipped))).label is None:
        skipped.append(Answer(batch, 0))
    accepted = [*skipped, Answer(batch, len(batch.rows))]
    again = require_batch(worklist.next(assigned, nothing(), accepted))
    assert again.label is not None
    assert again.expected / len(again.rows) > batch.expected / len(batch.rows)
    assert len(again.rows) >= len(batch.rows)


def test_a_refusal_of_one_class_makes_batches_of_all_more_careful(worklist: Worklist, sounds: Sounds) -> None:
    assigned, answers = labelled(sounds, 3), list[Answer]()
    while group := worklist.next(nothing(), nothing(), answers):
        answers.append(Answer(group, 0))
    first = require_batch(worklist.next(assigned, nothing(), answers))
    assert first.label is not None
    assigned[:, first.label] = False  # so that another class is next
    before = require_batch(worklist.next(assigned, nothing(), answers))
    after = require_batch(worklist.next(assigned, nothing(), [*answers, Answer(first, 0)]))
    assert before.label == after.label != first.label
    assert after.expected / len(after.rows) < before.expected / len(before.rows)


def test_groups_come_from_the_features_even_where_the_embedding_says_nothing(sounds: Sounds) -> None:
    noise = np.random.default_rng(1).normal(size=(IMAGES, 2)).astype(np.float32)
    batch = require_batch(Worklist(sounds.X, noise).next(nothing(), nothing()))
    assert np.bincount(sounds.truth[batch.rows]).max() == len(batch.rows) > 10


def test_images_in_which_a_network_hears_the_same_come_first(sounds: Sounds) -> None:
    heard = (np.arange(IMAGES) % 10 == 0) & (sounds.truth == 0)
    guesses = Guesses(np.where(heard, "Erithacus rubecula", ""), np.where(heard, 0.98, 0).astype(np.float32))
    batch = require_batch(Worklist(sounds.X, sounds.Z, guesses).next(nothing(), nothing()))
    assert heard[batch.rows].all()
    assert set(batch.rows) == set(np.flatnonzero(heard))
    answered = require_batch(Worklist(sounds.X, sounds.Z, guesses).next(nothing(), nothing(), [Answer(batch, 0)]))
    assert not heard[answered.rows].all()


def test_few_answers_label_everything_where_features_tell_kinds_apart(worklist: Worklist, sounds: Sounds) -> None:
    """A person who names and accepts needs few batches: about one for each hundred images, and one for each kind."""
    assigned, refused, answers = nothing(), nothing(), list[Answer]()
    while batch := worklist.next(assigned, refused, answers):
        label = int(np.bincount(sounds.truth[batch.rows]).argmax())
        right = sounds.truth[batch.rows] == label
        assigned[batch.rows[right], label] = True
        refused[batch.rows[~right], label] = True
        answers.append(Answer(batch, int(right.sum())))
    assert assigned[np.arange(IMAGES), sounds.truth].all()
    assert len(answers) < 40
