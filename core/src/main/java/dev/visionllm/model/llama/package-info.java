/**
 * The LLaMA language model, its attention masks, its cache and the choice of the next token. No
 * text, no decode loop.
 */
package dev.visionllm.model.llama;
