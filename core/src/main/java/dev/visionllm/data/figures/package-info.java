/**
 * Drawn figures with keypoints: people posed by motion capture, animals, faces; plain Java that
 * knows nothing of data sets, backgrounds or files other than BVH.
 */
package dev.visionllm.data.figures;
