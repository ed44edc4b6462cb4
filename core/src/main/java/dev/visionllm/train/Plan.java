package dev.visionllm.train;

import dev.visionllm.model.llama.Llama;
import dev.visionllm.nn.Lora;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.Skeleton;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a run takes, told before it starts from its recipe and the model's sizes: no weights are
 * read. Heads that only the objective patches has are not counted.
 *
 * @param parts of the model, in the order of construction
 * @param idle the recipe's patterns of learning parameters and of groups that match no parameter
 * @param rows of a pass
 * @param passes of a step
 * @param tokens most of a row
 * @param samples that the data folders hold; null where one of them is not there
 * @param steps of the run; null where they follow from samples that are not there
 * @param operations of a step: multiplications and additions in matrix products of image encoder,
 *     bridge, language model and detector, with rows and pictures as large as the run allows; null
 *     for objectives of convolutions
 * @param product the matrix product by which to measure how fast a machine does them; null where
 *     they are not counted
 */
public record Plan(
    List<Part> parts,
    List<String> idle,
    Memory memory,
    int rows,
    int passes,
    int tokens,
    Long samples,
    Integer steps,
    Double operations,
    Product product) {
  /**
   * A part of the model; LoRA's matrices are one, and the super-link queries of all tools.
   *
   * @param parameters numbers, once for each tensor
   * @param learning those of them that learn
   */
  public record Part(String name, long parameters, long learning) {}

  /**
   * Bytes of a process that makes the run alone.
   *
   * @param weights in single precision, as training holds them
   * @param gradients of what learns
   * @param moments of what learns, two of AdamW
   * @param activations of the language model at the moment that takes most, see {@link
   *     TrainingMemory}; those of other parts are not counted
   */
  public record Memory(long weights, long gradients, long moments, long activations) {
    /** All of it. */
    public long sum() {
      return weights + gradients + moments + activations;
    }
  }

  /** A product of matrices, rows x in with in x out. */
  public record Product(long rows, long in, long out) {}

  private static final long SINGLE = 4; // bytes
  private static final String LORA = "lora";
  private static final String QUERIES = "super-link queries";

  /**
   * Counts.
   *
   * @throws IllegalArgumentException if there is neither the recipe's model folder, of which
   *     config.json is read, nor a released model of the folder's name (v2-7b)
   * @throws IOException if a file cannot be read
   */
  public static Plan of(Recipe r) throws IOException {
    VisionLlmConfig config = config(r);
    Lora.Config lora = r.lora() == null ? null : r.lora().config();
    Layout layout = Layout.of(config, lora);
    Set<String> learning = new HashSet<>(); // first names of tensors
    Map<String, Part> parts = new LinkedHashMap<>();
    for (Layout.Parameter p : layout.parameters().values()) {
      if (p.whole() == null && r.trains(p.name())) {
        learning.add(p.source());
      }
    }
    for (Layout.Parameter p : layout.parameters().values()) {
      if (!p.again()) {
        long learns = learning.contains(p.name()) ? p.numbers() : 0;
        parts.merge(
            part(p.name()),
            new Part(part(p.name()), p.numbers(), learns),
            (a, b) ->
                new Part(a.name(), a.parameters() + b.parameters(), a.learning() + b.learning()));
      }
    }
    Work work = new Work(r, config, layout);
    Long samples = samples(r);
    return new Plan(
        List.copyOf(parts.values()),
        idle(r, layout),
        memory(r, config, lora, List.copyOf(parts.values()), work),
        r.batch(),
        r.accumulate(),
        work.tokens(),
        samples,
        r.steps() == 0 && samples == null ? null : r.steps(samples == null ? 0 : samples),
        work.step(),
        work.product());
  }

  /** Numbers of all parts. */
  public long parameters() {
    return parts.stream().mapToLong(Part::parameters).sum();
  }

  /** Those that learn. */
  public long learning() {
    return parts.stream().mapToLong(Part::learning).sum();
  }

  private static VisionLlmConfig config(Recipe r) throws IOException {
    for (Skeleton.Preset p : Skeleton.Preset.values()) {
      if (!Files.exists(r.model()) && r.model().endsWith(p.word())) {
        return VisionLlmConfig.of(p.config(r.config()), p.word());
      }
    }
    return VisionLlmConfig.read(r.model(), r.config());
  }

  private static String part(String name) {
    return name.contains(".lora_")
        ? LORA
        : name.startsWith("emb_embeddings_") ? QUERIES : Layout.part(name);
  }

  private static Memory memory(
      Recipe r, VisionLlmConfig c, Lora.Config lora, List<Part> parts, Work work) {
    long numbers = parts.stream().mapToLong(Part::parameters).sum();
    long learning = parts.stream().mapToLong(Part::learning).sum();
    long activations = 0;
    if (r.objective() == Recipe.Objective.LINKED) {
      long llm =
          parts.stream().filter(p -> p.name().equals("llm")).mapToLong(Part::parameters).sum();
      activations = activations(r, c.multimodal().llm(), lora, llm, work);
    }
    return new Memory(SINGLE * numbers, SINGLE * learning, 2 * SINGLE * learning, activations);
  }

  /** Under autocast what goes from block to block is in single precision, and weights are cast. */
  private static long activations(
      Recipe r, Llama.Config c, Lora.Config lora, long numbers, Work work) {
    boolean half = r.precision() == Recipe.Precision.BF16;
    TrainingMemory m =
        TrainingMemory.of(
            c,
            lora,
            r::trains,
            half ? Hardware.Dtype.BF16 : Hardware.Dtype.F32,
            r.batch(),
            work.tokens());
    boolean kept = work.throughLanguage() && !r.recompute();
    long cast = half ? 2 * (kept ? numbers : numbers / c.layers()) : 0;
    long inputs = half ? 2 * m.inputs() : m.inputs();
    long blocks = kept ? c.layers() * m.block() + m.loss() : Math.max(m.block(), m.loss());
    return inputs + blocks + cast;
  }

  /** Null where a folder is missing. */
  private static Long samples(Recipe r) throws IOException {
    long sum = 0;
    for (Source s : r.data()) {
      if (!s.folders().stream().allMatch(Files::isDirectory)) {
        return null;
      }
      sum += s.samples();
    }
    return sum;
  }

  private static List<String> idle(Recipe r, Layout layout) {
    return Stream.concat(r.train().stream(), r.groups().keySet().stream())
        .filter(
            pattern ->
                layout.parameters().keySet().stream().noneMatch(n -> Pattern.matches(pattern, n)))
        .toList();
  }
}
