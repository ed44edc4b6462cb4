package dev.visionllm.data;

import tools.jackson.databind.node.ObjectNode;

/**
 * A picture before and after an instruction.
 *
 * @param before width * height pixels 0xRRGGBB, row-major
 * @param after likewise; equal to {@code before} wherever {@code mask} is false
 * @param mask where the change is: the changed object in both pictures, all of the background, or
 *     everything
 * @param input caption of the picture before
 * @param instruction how to change it
 * @param output caption of the picture after
 * @param change the same for machines: kind, class, boxes [x0, y0, x1, y1] in pixels, ...
 */
record Edit(
    EditKind kind,
    int width,
    int height,
    int[] before,
    int[] after,
    boolean[] mask,
    String input,
    String instruction,
    String output,
    ObjectNode change) {}
