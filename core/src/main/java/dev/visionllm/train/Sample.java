package dev.visionllm.train;

/**
 * One row of a batch.
 *
 * @param row what the language model reads and learns to say
 * @param objects what the detector should find for the row's calls; null if its super-link states
 *     go nowhere
 */
record Sample(Packer.Row row, Objects objects) {}
