/**
 * What a user asks: text, pictures, and regions marked on a picture. Checks and plain data live
 * here; no tensors and no models.
 */
package dev.visionllm.prompt;
