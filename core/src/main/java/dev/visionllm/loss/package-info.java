/**
 * Losses and matching as pure functions on tensors or plain arrays. No weights, no state, no
 * networks.
 */
package dev.visionllm.loss;
