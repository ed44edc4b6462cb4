package dev.visionllm.cli;

import dev.visionllm.model.llama.Sampling;
import dev.visionllm.vlm.VisionLlm;
import picocli.CommandLine.Option;

/** How answers are made, for commands that let the model write. */
final class DecodingOptions {
  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of all random choices (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the likeliest word (default), 1 draws as the model believes.")
  private double temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw from the likeliest words that make up this share, above 0 to 1.")
  private Double topP;

  @Option(names = "--top-k", paramLabel = "K", description = "Draw from the K likeliest words.")
  private Integer topK;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "R",
      defaultValue = "1",
      description = "Above 1 makes words that occurred less likely (default: ${DEFAULT-VALUE}).")
  private double repetitionPenalty;

  @Option(
      names = "--beams",
      paramLabel = "B",
      defaultValue = "1",
      description = "Beam search with so many beams (default: ${DEFAULT-VALUE}, none).")
  private int beams;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Longest answer in tokens.")
  private Integer maxTokens;

  @Option(
      names = "--threshold",
      paramLabel = "T",
      description = "Least score of a box, 0 to 1 (default: the model's own).")
  private Double threshold;

  /** Refuses choices that contradict each other, before a model is loaded. */
  void check() {
    if (temperature == 0 && (topP != null || topK != null)) {
      throw new IllegalArgumentException(
          "--top-p and --top-k need --temperature above 0: without it the likeliest word is taken");
    }
    if (temperature != 0 && beams > 1) {
      throw new IllegalArgumentException(
          "--beams and --temperature exclude each other: beam search draws nothing");
    }
    sampling();
    new VisionLlm.Options(
        maxTokens == null ? 1 : maxTokens, beams, sampling(), threshold == null ? 0 : threshold);
  }

  /** The choices, with the model's own where none was made. */
  VisionLlm.Options of(VisionLlm model) {
    VisionLlm.Options own = model.options();
    return new VisionLlm.Options(
        maxTokens == null ? own.maxTokens() : maxTokens,
        beams,
        sampling(),
        threshold == null ? own.threshold() : threshold);
  }

  private Sampling sampling() {
    return new Sampling(
        temperature, topP == null ? 1 : topP, topK == null ? 0 : topK, repetitionPenalty, seed);
  }
}
