package dev.visionllm.model.llama;

import org.bytedeco.pytorch.Tensor;

/** One pre-norm block of a language model. */
interface Block {
  /**
   * (b, t, d) -> (b, t, d).
   *
   * @param index which block it is, 0 the first
   * @param pass what all blocks of this pass share
   */
  Tensor forward(Tensor x, int index, Pass pass);
}
