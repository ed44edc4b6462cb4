package dev.visionllm.train;

/**
 * One row of a batch.
 *
 * @param row what the language model reads and learns to say
 * @param target what the decoder should make of the row's calls; null if its super-link states go
 *     nowhere
 */
record Sample(Packer.Row row, ToolTarget target) {}
