/**
 * Text in and out of the language model: tokenizer, special tokens, conversation templates, which
 * ids are supervised. Plain Java: only the JDK, the tokenizer library and Jackson; no tensors.
 */
package dev.visionllm.text;
