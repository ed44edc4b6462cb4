/**
 * Grounding DINO with super-link queries as its text: image and class queries in, boxes out. No
 * other network, no files, no tokens.
 */
package dev.visionllm.model.gdino;
