package dev.visionllm.model.gdino;

import dev.visionllm.geometry.Box;

/**
 * One object that was found.
 *
 * @param classIndex place of its class in the prompt, from 0
 * @param score 0 to 1
 * @param box in pixels of the original picture; may reach over its border
 */
public record Detection(int classIndex, double score, Box box) {}
