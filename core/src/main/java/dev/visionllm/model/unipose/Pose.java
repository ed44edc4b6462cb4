package dev.visionllm.model.unipose;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Keypoints;

/**
 * One object that was found, with its keypoints.
 *
 * @param request which request of several found it, from 0
 * @param classIndex place of its class in the request, from 0
 * @param score 0 to 1
 * @param box in pixels of the original picture; may reach over its border
 * @param keypoints in the order of the request, in pixels of the original picture, all flagged as
 *     visible: the network does not say which are hidden
 */
public record Pose(int request, int classIndex, double score, Box box, Keypoints keypoints) {}
