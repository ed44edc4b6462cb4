/**
 * Boxes, masks, run-length codes and key points in picture pixels: plain Java values, no tensors,
 * no file formats.
 */
package dev.visionllm.geometry;
