package dev.visionllm.train;

import dev.visionllm.image.Raster;
import dev.visionllm.model.unipose.PoseTarget;

/**
 * What the pose decoder should find in a picture.
 *
 * @param seen the picture as the decoder sees it
 * @param classes number of classes asked for
 * @param points number of keypoints asked for
 * @param target the figures, points in the order of the prompt
 */
record Figures(Raster seen, int classes, int points, PoseTarget target) implements ToolTarget {}
