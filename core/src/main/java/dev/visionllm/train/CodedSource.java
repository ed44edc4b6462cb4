package dev.visionllm.train;

import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Makes samples for decoders that learn without a language model, from codes of names. */
interface CodedSource extends SampleSource {
  /**
   * A sample.
   *
   * @param target what the decoder should make of the calls
   * @param calls what each call stands for, by {@link dev.visionllm.link.Tool#name}
   */
  record Coded(ToolTarget target, Map<String, List<Meaning>> calls) {}

  /** Reads and prepares one. */
  Coded coded(int index, RandomGenerator random);
}
