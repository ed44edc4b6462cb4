/** The region encoder: a picture and a mask to one embedding. Mask drawing lives in prompt. */
package dev.visionllm.model.region;
