package dev.visionllm.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * A training run as data, read from YAML. Paths are relative to the recipe's file.
 *
 * @param model folder with config.json and tokenizer files; weights there are not read
 * @param from run or model folders to start from by pattern of parameter names, the first match
 *     gives the tensor; others are drawn
 * @param objective what is learnt
 * @param data folders with instances.json, conversations.jsonl and images/
 * @param train patterns of parameter names that learn; all others are frozen
 * @param groups learning-rate factors by pattern, first match; none means 1
 * @param steps optimiser steps
 * @param batch pictures per forward pass
 * @param accumulate forward passes per optimiser step
 * @param lr highest learning rate
 * @param warmup steps of linear warm-up
 * @param finalLr where the cosine ends, as a fraction of lr
 * @param weightDecay decoupled, not on biases and norms
 * @param clip greatest norm of the gradient
 * @param precision fp32, or bf16 for autocast
 * @param seed of everything random
 * @param dialogues most conversations per picture and pass
 * @param shares how often a conversation of a task is taken, 0 to 1, by task; 1 for others
 * @param tokens most tokens of a packed row
 * @param classes most class names in a detection prompt
 * @param narrow share of detection prompts that name one to five classes, not all that are shown
 * @param maskPoints points at which a mask is compared with the truth, 0 to learn no masks
 * @param denoising denoising queries of each sign, 0 for none
 * @param dense weight of the one-to-many loss on encoder proposals, 0 for none
 * @param link weight of the pull of super-link states towards their class codes, 0 for none
 * @param teacher weight of the pull of the image encoder towards a trained detector's features, 0
 *     for none
 * @param structured whether parts that are drawn start with heads that look at neighbouring patches
 *     and at like words
 * @param saveEvery steps between checkpoints
 */
public record Recipe(
    Path model,
    Map<String, Path> from,
    Objective objective,
    List<Path> data,
    List<String> train,
    Map<String, Double> groups,
    int steps,
    int batch,
    int accumulate,
    double lr,
    int warmup,
    @JsonProperty("final_lr") double finalLr,
    @JsonProperty("weight_decay") double weightDecay,
    double clip,
    Precision precision,
    long seed,
    int dialogues,
    Map<String, Double> shares,
    int tokens,
    int classes,
    double narrow,
    @JsonProperty("mask_points") int maskPoints,
    int denoising,
    double dense,
    double link,
    double teacher,
    boolean local,
    @JsonProperty("save_every") int saveEvery) {

  /** What a run learns. */
  public enum Objective {
    /** The image encoder names the class that covers each patch, and where its object lies. */
    PATCHES,
    /** The detector finds named classes; text queries are fixed codes of the names. */
    DETECTION,
    /** The language model answers; its super-link states approach the codes of the names. */
    LANGUAGE,
    /** The detector's loss flows through the super-link into the language model. */
    LINKED
  }

  /** Number formats of the forward pass. */
  public enum Precision {
    FP32,
    BF16
  }

  /** Refuses numbers without a meaning and fills what may be left out. */
  public Recipe {
    from = from == null ? Map.of() : from;
    groups = groups == null ? Map.of() : groups;
    shares = shares == null ? Map.of() : shares;
    accumulate = Math.max(1, accumulate);
    precision = precision == null ? Precision.FP32 : precision;
    saveEvery = saveEvery == 0 ? 500 : saveEvery;
    classes = classes == 0 ? 20 : classes;
    dialogues = dialogues == 0 ? 8 : dialogues;
    tokens = tokens == 0 ? 512 : tokens;
    clip = clip == 0 ? 1 : clip;
    if (model == null || objective == null || data == null || data.isEmpty() || train == null) {
      throw new IllegalArgumentException("a recipe needs model, objective, data and train");
    }
    shares.forEach(
        (task, share) -> {
          if (share == null || !(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(
                "the share of task " + task + " is " + share + ", should be 0 to 1");
          }
        });
    if (!(narrow >= 0 && narrow <= 1) || maskPoints < 0) {
      throw new IllegalArgumentException(
          "narrow is %s, should be 0 to 1; mask_points %d, should not be negative"
              .formatted(narrow, maskPoints));
    }
    if (steps < 1 || batch < 1 || !(lr > 0) || warmup < 0 || saveEvery < 1) {
      throw new IllegalArgumentException(
          "steps "
              + steps
              + ", batch "
              + batch
              + ", lr "
              + lr
              + " and save_every "
              + saveEvery
              + " must be positive, warmup "
              + warmup
              + " not negative");
    }
  }

  /** Reads a recipe. @throws IllegalArgumentException naming the field that is wrong */
  public static Recipe read(Path file) throws IOException {
    YAMLMapper yaml =
        YAMLMapper.builder()
            .enable(tools.jackson.databind.MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();
    try {
      Recipe r = yaml.readValue(Files.readString(file), Recipe.class);
      Path dir = file.toAbsolutePath().getParent();
      return r.under(dir);
    } catch (JacksonException e) {
      Throwable cause = e.getCause() instanceof IllegalArgumentException c ? c : e;
      throw new IllegalArgumentException(
          "recipe " + file + ": " + cause.getMessage().lines().findFirst().orElse("is not YAML"),
          e);
    }
  }

  /** The same with other data folders, for runs elsewhere. */
  public Recipe withData(List<Path> folders) {
    return withPaths(model, from, folders);
  }

  private Recipe under(Path dir) {
    return withPaths(
        dir.resolve(model).normalize(),
        resolved(dir),
        data.stream().map(p -> dir.resolve(p).normalize()).toList());
  }

  private Recipe withPaths(Path modelDir, Map<String, Path> folders, List<Path> dataDirs) {
    return new Recipe(
        modelDir,
        folders,
        objective,
        dataDirs,
        train,
        groups,
        steps,
        batch,
        accumulate,
        lr,
        warmup,
        finalLr,
        weightDecay,
        clip,
        precision,
        seed,
        dialogues,
        shares,
        tokens,
        classes,
        narrow,
        maskPoints,
        denoising,
        dense,
        link,
        teacher,
        local,
        saveEvery);
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
