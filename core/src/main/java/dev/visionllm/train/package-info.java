/**
 * Training: recipes as data, objectives, the visible loop, optimiser and resumable state. Reads the
 * standard formats of data and nothing else.
 */
package dev.visionllm.train;
