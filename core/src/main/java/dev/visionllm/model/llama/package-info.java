/**
 * The LLaMA language model and its twin InternLM2, their attention masks, their cache and the
 * choice of the next token. No text, no decode loop.
 */
package dev.visionllm.model.llama;
