/** CLIP's image encoder. No image decoding or normalisation, no other network. */
package dev.visionllm.model.clip;
