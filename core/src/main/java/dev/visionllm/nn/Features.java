package dev.visionllm.nn;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What a deformable detector computes of a picture before it knows any class, so that one pass of
 * the backbone serves any number of prompts; {@link Pyramid} makes it. Shapes: b images; a = b, or
 * 1 if no image is padded; n tokens of all levels together; d hidden size.
 *
 * @param maps the backbone's maps, finest first, (b, c, h, w)
 * @param levels sizes of the levels, finest first
 * @param vision tokens of all levels, (b, n, d)
 * @param position their position encoding, (a, n, d)
 * @param padding true where a token lies in the padding, (b, n); null if no image is padded
 * @param ratios share of each level's width and height that is picture, (a, levels, 2)
 * @param reference place of each token on each level, x and y, (a, n, levels, 2)
 * @param proposals each token's box before it is refined: logits of x, y, w, h, infinite where the
 *     token cannot hold an object, (a, n, 4)
 * @param unusable true where the proposal is infinite, (a, n, 1)
 */
public record Features(
    List<Tensor> maps,
    List<Level> levels,
    Tensor vision,
    Tensor position,
    Tensor padding,
    Tensor ratios,
    Tensor reference,
    Tensor proposals,
    Tensor unusable) {}
