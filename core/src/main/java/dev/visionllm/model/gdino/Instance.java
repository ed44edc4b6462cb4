package dev.visionllm.model.gdino;

import dev.visionllm.geometry.Rle;

/**
 * One object that was found, with its pixels.
 *
 * @param detection class, score and box
 * @param mask in the original picture; may be empty
 * @param certainty mean probability of the mask's pixels, 0.5 to 1; 0 of an empty mask. Ours: the
 *     reference scores a mask by its class only
 */
public record Instance(Detection detection, Rle mask, double certainty) {}
