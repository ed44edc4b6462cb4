package dev.visionllm.link;

import dev.visionllm.nn.Params;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * One tool family: the routing tokens that call it and the super-link queries bound to them (paper
 * 3.2).
 *
 * @param name the family's name in the checkpoint: det, pose, gen or edit
 * @param routing the routing tokens' names by id, such as 32012 -> "[DET]"
 * @param placeholders ids that stand for the queries in a sequence, one per query; their own
 *     embeddings are never used
 * @param table the queries, (queries, d)
 */
public record Tool(String name, Map<Integer, String> routing, int[] placeholders, Tensor table) {
  /**
   * Takes the query table {@code emb_embeddings_NAME.weight}.
   *
   * @param d hidden size of the language model
   */
  public static Tool of(
      Params root, String name, Map<Integer, String> routing, int[] placeholders, int d) {
    Tensor table = root.at("emb_embeddings_" + name).tensor("weight", placeholders.length, d);
    return new Tool(name, routing, placeholders, table);
  }

  /** Number of super-link queries that follow each routing token. */
  public int queries() {
    return placeholders.length;
  }
}
