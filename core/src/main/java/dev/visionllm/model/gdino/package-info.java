/**
 * Grounding DINO with super-link queries as its text: network, training criterion, post-processing.
 * No other network, no files, no tokens.
 */
package dev.visionllm.model.gdino;
