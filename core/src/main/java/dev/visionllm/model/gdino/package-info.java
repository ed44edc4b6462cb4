/**
 * Grounding DINO with super-link queries as text: network, training criterion, post-processing. No
 * other network, no files.
 */
package dev.visionllm.model.gdino;
