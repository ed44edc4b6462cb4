/**
 * The border to libtorch: scopes, loading natives, Java arrays to tensors and back. No mathematics.
 */
package dev.visionllm.tensor;
