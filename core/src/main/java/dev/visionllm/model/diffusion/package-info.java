/**
 * Stable Diffusion and InstructPix2Pix behind the language model: text encoder, condition mapper,
 * autoencoder, UNet, the schedules' arithmetic and the two denoising loops. Token ids and finished
 * pictures go in and out; no tokenizer, no files, no language model.
 */
package dev.visionllm.model.diffusion;
