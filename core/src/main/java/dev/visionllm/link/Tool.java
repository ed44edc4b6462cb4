package dev.visionllm.link;

import dev.visionllm.nn.Params;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * One tool family: the routing tokens that call it and the super-link queries bound to them (paper
 * 3.2). One without queries hands over the state of the routing token itself, as LISA does (paper,
 * Table A9).
 *
 * @param name the family's name in the checkpoint: det, pose, gen or edit
 * @param routing the routing tokens' names by id, such as 32012 -> "[DET]"
 * @param placeholders ids that stand for the queries in a sequence, one per query; their own
 *     embeddings are never used
 * @param table the queries, (queries, d); null if there are none
 */
public record Tool(String name, Map<Integer, String> routing, int[] placeholders, Tensor table) {
  /**
   * Takes the query table {@code emb_embeddings_NAME.weight} where there are queries.
   *
   * @param d hidden size of the language model
   */
  public static Tool of(
      Params root, String name, Map<Integer, String> routing, int[] placeholders, int d) {
    Tensor table =
        placeholders.length == 0
            ? null
            : root.at("emb_embeddings_" + name).tensor("weight", placeholders.length, d);
    return new Tool(name, routing, placeholders, table);
  }

  /** A family with its own routing tokens and the queries of this one (paper, Figure 4). */
  public Tool sharing(String other, Map<Integer, String> tokens) {
    return new Tool(other, tokens, placeholders, table);
  }

  /** Number of super-link queries that follow each routing token. */
  public int queries() {
    return placeholders.length;
  }

  /** Number of hidden states that a call hands to the decoder. */
  public int states() {
    return Math.max(1, queries());
  }
}
