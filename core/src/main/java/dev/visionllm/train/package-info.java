/**
 * Training: optimiser, learning rate, and the visible loop over recipes. No networks, nothing of
 * the command line.
 */
package dev.visionllm.train;
