/** The bridge from image features to the language model's embeddings. No encoder, no splicing. */
package dev.visionllm.model.bridge;
