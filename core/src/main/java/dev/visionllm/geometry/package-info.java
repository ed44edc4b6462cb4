/**
 * Boxes, masks, run-length codes and key points in picture pixels, and the names of key points:
 * plain Java values, no tensors, no file formats.
 */
package dev.visionllm.geometry;
