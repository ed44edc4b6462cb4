package dev.visionllm.link;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What one row of a batch hands to one decoder.
 *
 * @param row row of the batch
 * @param tool the tool family
 * @param slots the n calls of that family in the row, in order
 * @param queries last hidden states at the super-link queries, (n, q, d); q is 1 without queries
 */
public record Route(int row, Tool tool, List<Slot> slots, Tensor queries) {}
