"""Batches are made ahead; on a GPU on another stream than the model's, which waits for each and keeps it."""

from contextlib import contextmanager

import pytest
import torch

from bgbias.input_pipeline import ahead
from bgbias.input_pipeline.ahead import made_ahead


class Stream:
    """A CUDA stream without CUDA: what is done on it, and with it, in order."""

    def __init__(self, name):
        self.name, self.done = name, []

    def record_event(self):
        self.done.append("event")
        return f"event after {self.done[-2]}"

    def wait_event(self, event):
        self.done.append(event)


class Batch:
    def __init__(self, number):
        self.number, self.readers = number, []

    def record_stream(self, stream):
        self.readers.append(stream.name)


@pytest.fixture
def streams(monkeypatch):
    """The side stream and the model's."""
    side, model = Stream("side"), Stream("model")

    @contextmanager
    def on(stream):
        stream.done.append("enter")
        yield
        stream.done.append("leave")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: side)
    monkeypatch.setattr(torch.cuda, "stream", on)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: model)
    ahead._side_stream.cache_clear()
    yield side, model
    ahead._side_stream.cache_clear()


def test_the_model_waits_for_each_batch_and_its_memory_is_kept(streams):
    side, model = streams

    def make(number):
        side.done.append(f"batch {number}")
        return [Batch(number), Batch(number)]

    found = []
    for number, batches in enumerate(made_ahead(make, range(3), torch.device("cuda", 0))):
        found += [batch.number for batch in batches]
        assert [batch.readers for batch in batches] == [["model"], ["model"]]
        assert model.done == [f"event after batch {n}" for n in range(number + 1)], "before it is handed out"
    assert found == [0, 0, 1, 1, 2, 2]
    assert side.done == [word for n in range(3) for word in ("enter", f"batch {n}", "event", "leave")]


def test_on_a_cpu_there_are_no_streams(streams):
    side, model = streams
    assert list(made_ahead(lambda number: [number], range(4), torch.device("cpu"))) == [[0], [1], [2], [3]]
    assert side.done == model.done == []
