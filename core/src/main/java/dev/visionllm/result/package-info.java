/**
 * What a caller gets back: plain records in pixels of the user's picture. No tensors, no model
 * types, no file formats.
 */
package dev.visionllm.result;
