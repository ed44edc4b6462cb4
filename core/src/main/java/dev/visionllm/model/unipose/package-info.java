/**
 * UniPose with super-link queries as text: network, layout of the pose queries, post-processing. No
 * other network, no files.
 */
package dev.visionllm.model.unipose;
