package dev.visionllm.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.visionllm.image.Tiles;
import dev.visionllm.nn.Lora;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * A training run as data, read from YAML. Paths are relative to the recipe's file.
 *
 * @param model folder with config.json and tokenizer files; weights there are not read
 * @param config settings that replace those of the model's config.json, by name; objects are merged
 * @param from run or model folders to start from by pattern of parameter names, the first match
 *     gives the tensor; others are drawn
 * @param objective what is learnt
 * @param data where it is learnt from
 * @param maxTiles most tiles that a picture is cut into for the image encoder; 0 for what the
 *     model's configuration says
 * @param train patterns of parameter names that learn; all others are frozen
 * @param groups learning-rate factors by pattern, first match; none means 1
 * @param lora what is added to frozen layers of the language model and learns in their place; its
 *     tensors are called {@code ...lora_A.weight} and {@code ...lora_B.weight}. Null for none
 * @param recompute whether the language model's blocks are run again on the way back, for memory
 * @param steps optimiser steps; 0 where epochs are given
 * @param epochs how often each sample is seen, on average; 0 where steps are given
 * @param batch samples per forward pass
 * @param accumulate forward passes per optimiser step
 * @param mixed whether the samples of a pass come of different sources, not of one
 * @param grouped whether samples of like length come together
 * @param lr highest learning rate
 * @param warmup steps of linear warm-up, or below 1 their share of all
 * @param finalLr where the cosine ends, as a fraction of lr
 * @param weightDecay decoupled, not on biases and norms
 * @param clip greatest norm of the gradient
 * @param precision fp32, or bf16 for autocast
 * @param shardOptimizer whether each worker keeps a part of the optimiser's moments, not all
 * @param seed of everything random
 * @param detector how a detector learns
 * @param painter how picture decoders learn
 * @param link weight of the pull of super-link states towards their class codes, 0 for none
 * @param teacher weight of the pull of the image encoder towards a trained detector's features, 0
 *     for none
 * @param local whether parts that are drawn start with heads that look at neighbouring patches and
 *     at like words
 * @param detectorStart whether a pose decoder that is drawn starts as the detector, which has the
 *     same sizes
 * @param saveEvery steps between checkpoints
 * @param evaluate what is measured on the way and at the end; null for nothing
 */
public record Recipe(
    Path model,
    Map<String, Object> config,
    Map<String, Path> from,
    Objective objective,
    List<Source> data,
    @JsonProperty("max_tiles") int maxTiles,
    List<String> train,
    Map<String, Double> groups,
    Adapters lora,
    boolean recompute,
    int steps,
    double epochs,
    int batch,
    int accumulate,
    boolean mixed,
    boolean grouped,
    double lr,
    double warmup,
    @JsonProperty("final_lr") double finalLr,
    @JsonProperty("weight_decay") double weightDecay,
    double clip,
    Precision precision,
    @JsonProperty("shard_optimizer") boolean shardOptimizer,
    long seed,
    Detector detector,
    Painter painter,
    double link,
    double teacher,
    boolean local,
    @JsonProperty("detector_start") boolean detectorStart,
    @JsonProperty("save_every") int saveEvery,
    Evaluation evaluate) {

  /** What a run learns. */
  public enum Objective {
    /** The image encoder names the class that covers each patch, and where its object lies. */
    PATCHES,
    /** The detector finds named classes; text queries are fixed codes of the names. */
    CODES,
    /** A picture decoder's autoencoder shows pictures again; ours, before all else. */
    AUTOENCODER,
    /** A picture decoder draws or edits what its own text encoder reads; ours, before the link. */
    DIFFUSION,
    /** The language model answers; the losses of the tools that it calls flow back into it. */
    LINKED
  }

  /** Number formats of the forward pass. */
  public enum Precision {
    FP32,
    BF16
  }

  /**
   * Adapters of low rank.
   *
   * @param targets patterns of whole paths of layers; the reference's choice if left out
   */
  public record Adapters(int rank, double alpha, double dropout, List<String> targets) {
    /** Refuses numbers without a meaning. */
    public Adapters {
      targets = targets == null ? Lora.Config.REFERENCE.targets() : List.copyOf(targets);
      new Lora.Config(targets, rank, alpha, false, dropout);
    }

    Lora.Config config() {
      return new Lora.Config(targets, rank, alpha, false, dropout);
    }
  }

  /**
   * How a detector learns.
   *
   * @param denoising denoising queries of each sign, 0 for none; of the pose decoder too
   * @param dense weight of the one-to-many loss on encoder proposals, 0 for none
   * @param maskPoints points at which a mask is compared with the truth, 0 to learn no masks
   */
  public record Detector(int denoising, double dense, @JsonProperty("mask_points") int maskPoints) {
    private static final Detector PLAIN = new Detector(0, 0, 0);

    /** Refuses negative numbers. */
    public Detector {
      if (denoising < 0 || !(dense >= 0) || maskPoints < 0) {
        throw new IllegalArgumentException(
            "the detector's denoising is %d, dense %s, mask_points %d: none may be negative"
                .formatted(denoising, dense, maskPoints));
      }
    }
  }

  /**
   * How picture decoders learn.
   *
   * @param generation side of the pictures that are made, in pixels; 0 for the model's own
   * @param editing side of those that are edited, likewise
   * @param editsAsDraws whether image editing starts as image generation does, from the same
   *     folders, not from its own names
   * @param captionsOnly if positive, nothing is learnt behind a language model but what the text
   *     encoder says of the captions, with this weight: the denoiser is not run
   */
  public record Painter(
      int generation,
      int editing,
      @JsonProperty("edits_as_draws") boolean editsAsDraws,
      @JsonProperty("captions_only") double captionsOnly) {
    private static final Painter OWN = new Painter(0, 0, false, 0);

    /** Refuses negative numbers. */
    public Painter {
      if (generation < 0 || editing < 0 || !(captionsOnly >= 0)) {
        throw new IllegalArgumentException(
            "the painter's generation is %d and editing %d pixels, captions_only %s: none may be"
                    .formatted(generation, editing, captionsOnly)
                + " negative");
      }
    }
  }

  /**
   * How well the model does while it is trained.
   *
   * @param every steps between evaluations; there is one at the end too
   * @param suites names of what is measured, as "visionllm evaluate" has them
   * @param data folder of annotated data
   * @param limit most pictures, or other things that a suite goes through; all if left out
   */
  public record Evaluation(int every, List<String> suites, Path data, int limit) {
    /** Refuses numbers without a meaning and fills what may be left out. */
    public Evaluation {
      limit = limit == 0 ? Integer.MAX_VALUE : limit;
      if (every < 1 || suites == null || suites.isEmpty() || data == null || limit < 1) {
        throw new IllegalArgumentException(
            "evaluate has every %d, suites %s, data %s and limit %d: it needs suites and data,"
                    .formatted(every, suites, data, limit)
                + " and the numbers must be positive");
      }
      suites = List.copyOf(suites);
    }

    /** Whether a step is followed by one. @param last of the run */
    public boolean after(int step, int last) {
      return step % every == 0 || step == last;
    }

    Evaluation under(Path dir) {
      return new Evaluation(every, suites, dir.resolve(data).normalize(), limit);
    }
  }

  /** Refuses numbers without a meaning and fills what may be left out. */
  public Recipe {
    config = config == null ? Map.of() : config;
    from = from == null ? Map.of() : from;
    groups = groups == null ? Map.of() : groups;
    accumulate = Math.max(1, accumulate);
    precision = precision == null ? Precision.FP32 : precision;
    saveEvery = saveEvery == 0 ? 500 : saveEvery;
    clip = clip == 0 ? 1 : clip;
    detector = detector == null ? Detector.PLAIN : detector;
    painter = painter == null ? Painter.OWN : painter;
    if (model == null || objective == null || data == null || data.isEmpty() || train == null) {
      throw new IllegalArgumentException("a recipe needs model, objective, data and train");
    }
    if (steps > 0 == epochs > 0) {
      throw new IllegalArgumentException(
          "steps is " + steps + " and epochs " + epochs + ": one of them must be positive");
    }
    if (steps < 0 || epochs < 0 || batch < 1 || !(lr > 0) || !(warmup >= 0) || saveEvery < 1) {
      throw new IllegalArgumentException(
          "steps %d, epochs %s and warmup %s must not be negative; batch %d, lr %s and save_every"
                  .formatted(steps, epochs, warmup, batch, lr)
              + " "
              + saveEvery
              + " must be positive");
    }
  }

  /** How pictures are cut. @param model as the model's configuration says */
  Tiles tiles(Tiles model) {
    return model.withMost(maxTiles);
  }

  /** Optimiser steps of the run. @param samples that there are in all */
  int steps(long samples) {
    return steps > 0
        ? steps
        : (int) Math.max(1, Math.ceil(epochs * samples / ((double) batch * accumulate)));
  }

  /** Steps of linear warm-up in a run of so many. */
  int warmup(int steps) {
    return (int) Math.round(warmup < 1 ? warmup * steps : warmup);
  }

  /** Reads a recipe. @throws IllegalArgumentException naming the field that is wrong */
  public static Recipe read(Path file) throws IOException {
    return read(file, Map.of());
  }

  /**
   * Reads a recipe with some settings changed.
   *
   * @param settings values as YAML, by field; the fields of objects are reached by dots, as in
   *     {@code config.num_embs}
   * @throws IllegalArgumentException naming the field that is wrong
   */
  public static Recipe read(Path file, Map<String, String> settings) throws IOException {
    YAMLMapper yaml =
        YAMLMapper.builder()
            .enable(tools.jackson.databind.MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();
    try {
      JsonNode tree = yaml.readTree(Files.readString(file));
      settings.forEach((field, value) -> set(tree, field, yaml.readTree(value)));
      return yaml.treeToValue(tree, Recipe.class).under(file.toAbsolutePath().getParent());
    } catch (JacksonException e) {
      Throwable cause = e.getCause() instanceof IllegalArgumentException c ? c : e;
      throw new IllegalArgumentException(
          "recipe " + file + ": " + cause.getMessage().lines().findFirst().orElse("is not YAML"),
          e);
    }
  }

  private static void set(JsonNode recipe, String field, JsonNode value) {
    String[] path = field.split("\\.");
    JsonNode at = recipe;
    for (int i = 0; i + 1 < path.length && at instanceof ObjectNode o; i++) {
      at = o.has(path[i]) ? o.get(path[i]) : o.putObject(path[i]);
    }
    if (!(at instanceof ObjectNode o)) {
      throw new IllegalArgumentException(
          "cannot set " + field + ": what is to hold " + path[path.length - 1] + " has no fields");
    }
    o.set(path[path.length - 1], value);
  }

  /** The same with other data folders for all sources, for runs elsewhere. */
  public Recipe withData(List<Path> folders) {
    return with(model, from, data.stream().map(s -> s.in(folders)).toList(), evaluate);
  }

  private Recipe under(Path dir) {
    List<Source> there = new ArrayList<>();
    for (Source s : data) {
      there.add(s.in(s.folders().stream().map(p -> dir.resolve(p).normalize()).toList()));
    }
    return with(
        dir.resolve(model).normalize(),
        resolved(dir),
        there,
        evaluate == null ? null : evaluate.under(dir));
  }

  private Recipe with(
      Path modelDir, Map<String, Path> start, List<Source> sources, Evaluation evaluation) {
    return new Recipe(
        modelDir,
        config,
        start,
        objective,
        sources,
        maxTiles,
        train,
        groups,
        lora,
        recompute,
        steps,
        epochs,
        batch,
        accumulate,
        mixed,
        grouped,
        lr,
        warmup,
        finalLr,
        weightDecay,
        clip,
        precision,
        shardOptimizer,
        seed,
        detector,
        painter,
        link,
        teacher,
        local,
        detectorStart,
        saveEvery,
        evaluation);
  }

  private Map<String, Path> resolved(Path dir) {
    Map<String, Path> out = new LinkedHashMap<>();
    from.forEach((pattern, folder) -> out.put(pattern, dir.resolve(folder).normalize()));
    return out;
  }

  /** Whether a parameter learns. */
  public boolean trains(String name) {
    return train.stream().anyMatch(p -> Pattern.matches(p, name));
  }

  /** The learning-rate factor of a parameter. */
  public double factor(String name) {
    return groups.entrySet().stream()
        .filter(g -> Pattern.matches(g.getKey(), name))
        .mapToDouble(Map.Entry::getValue)
        .findFirst()
        .orElse(1);
  }
}
