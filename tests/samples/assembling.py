"""TO BE WRITTEN."""

from samples import Sample

SAMPLES: dict[str, list[Sample]] = {}
