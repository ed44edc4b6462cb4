package dev.visionllm.model.gdino;

/** A detection and the object query that it comes from. */
record Candidate(Detection detection, int query) {}
