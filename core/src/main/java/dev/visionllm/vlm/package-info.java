/**
 * The assembly: configuration, the multimodal language model, decoding, and the entry points that
 * users call. Networks are put together here and nowhere else.
 */
package dev.visionllm.vlm;
