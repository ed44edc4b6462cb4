package dev.visionllm.link;

/**
 * One call of a tool in a sequence.
 *
 * @param row row of the batch
 * @param tool the tool family
 * @param token id of the routing token
 * @param at position of the routing token; its queries stand at {@code at + 1 ... at + queries}
 */
public record Slot(int row, Tool tool, int token, int at) {
  /** Position of the first of the states that go to the decoder. */
  public int first() {
    return tool.queries() == 0 ? at : at + 1;
  }
}
