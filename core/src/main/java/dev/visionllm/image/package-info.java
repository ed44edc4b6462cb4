/**
 * Pictures: decoding with limits, resizing bit for bit as the reference's libraries do, tiling,
 * normalising to plain arrays, drawing results. No tensors and no models live here.
 */
package dev.visionllm.image;
