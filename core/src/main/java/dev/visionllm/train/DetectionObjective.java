package dev.visionllm.train;

import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.link.Route;
import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.DetectionLoss;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.Guided;
import dev.visionllm.vlm.Inputs;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.VisionLlmConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Detection of named classes, those of the picture among others that are absent. The text queries
 * are either the fixed codes of the names (warm-up) or the language model's super-link states, and
 * then the detector's loss reaches the language model (paper 3.2).
 */
final class DetectionObjective implements Objective<DetectionObjective.Batch> {
  /** One picture with its prompt. */
  record Example(float[] pixels, List<String> names, Target target, Inputs guided) {}

  /** Pictures of one size. */
  record Batch(int side, List<Example> examples) {}

  private static final double CODE_NOISE = 0.3;
  private static final int FEWEST = 4;

  private final Corpus corpus;
  private final VisionLlmConfig config;
  private final Preprocess preprocess;
  private final Multimodal model; // null: codes instead of the super-link
  private final GroundingDino gdino;
  private final Recipe recipe;
  private final DetectionLoss criterion;

  DetectionObjective(
      Corpus corpus,
      VisionLlmConfig config,
      Preprocess preprocess,
      Multimodal model,
      GroundingDino gdino,
      Recipe recipe) {
    if (gdino == null) {
      throw new IllegalArgumentException("the model has no detector: set use_gdino in config.json");
    }
    this.corpus = corpus;
    this.config = config;
    this.preprocess = preprocess;
    this.model = model;
    this.gdino = gdino;
    this.recipe = recipe;
    this.criterion = new DetectionLoss(DetectionLoss.Config.PAPER.withDense(recipe.dense()));
  }

  @Override
  public List<String> parts() {
    return List.of("detection");
  }

  @Override
  public Batch load(List<Integer> pictures, RandomGenerator random) {
    int side = config.detector().shortSide();
    List<Example> examples = new ArrayList<>();
    for (int number : pictures) {
      Corpus.Picture p = corpus.pictures().get(number);
      Raster raster = Pictures.read(p);
      Raster small = config.detector().resize(raster).raster();
      if (small.width() != side || small.height() != side) {
        throw new IllegalArgumentException(
            p.file() + " is not square: this objective trains on square pictures");
      }
      boolean flip = model == null && random.nextBoolean();
      float[] pixels = Normalize.IMAGENET_CV.planes(small);
      if (flip) {
        flip(pixels, side);
      }
      List<String> names = names(p, random);
      examples.add(
          new Example(
              pixels,
              names,
              target(p, names, flip),
              model == null ? null : Guided.inputs(preprocess, raster, names)));
    }
    return new Batch(side, examples);
  }

  /** The picture's classes and some that it does not hold, in random order. */
  private List<String> names(Corpus.Picture p, RandomGenerator random) {
    Set<String> names = new LinkedHashSet<>();
    p.things().forEach(t -> names.add(t.name()));
    int wanted = Math.max(names.size(), random.nextInt(FEWEST, recipe.classes() + 1));
    while (names.size() < Math.min(wanted, corpus.classes().size())) {
      names.add(corpus.classes().get(random.nextInt(corpus.classes().size())));
    }
    List<String> shuffled = new ArrayList<>(names);
    Collections.shuffle(shuffled, new Random(random.nextLong()));
    return shuffled;
  }

  private static Target target(Corpus.Picture p, List<String> names, boolean flip) {
    Map<String, Integer> at = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      at.put(names.get(i), i);
    }
    int n = p.things().size();
    int[] classes = new int[n];
    float[][] boxes = new float[n][];
    for (int i = 0; i < n; i++) {
      Corpus.Thing t = p.things().get(i);
      classes[i] = at.get(t.name());
      double cx = (t.box().x0() + t.box().x1()) / 2 / p.width();
      boxes[i] =
          new float[] {
            (float) (flip ? 1 - cx : cx),
            (float) ((t.box().y0() + t.box().y1()) / 2 / p.height()),
            (float) ((t.box().x1() - t.box().x0()) / p.width()),
            (float) ((t.box().y1() - t.box().y0()) / p.height())
          };
    }
    return new Target(classes, boxes);
  }

  private static void flip(float[] pixels, int side) {
    for (int row = 0; row < pixels.length; row += side) {
      for (int x = 0; x < side / 2; x++) {
        float keep = pixels[row + x];
        pixels[row + x] = pixels[row + side - 1 - x];
        pixels[row + side - 1 - x] = keep;
      }
    }
  }

  @Override
  public Map<String, Tensor> losses(Batch batch, RandomGenerator random) {
    List<Example> examples = batch.examples();
    int b = examples.size();
    int most = examples.stream().mapToInt(e -> e.names().size()).max().orElseThrow();
    int plane = 3 * batch.side() * batch.side();
    float[] pixels = new float[b * plane];
    boolean[] valid = new boolean[b * most];
    for (int i = 0; i < b; i++) {
      System.arraycopy(examples.get(i).pixels(), 0, pixels, i * plane, plane);
      for (int k = 0; k < examples.get(i).names().size(); k++) {
        valid[i * most + k] = true;
      }
    }
    Tensor text = model == null ? codes(examples, most, random) : states(examples, most, random);
    Tensor textMask = Tensors.of(valid, b, most);
    List<Target> targets = examples.stream().map(Example::target).toList();
    Denoising denoising =
        Denoising.draw(
                targets,
                new Denoising.Settings(recipe.denoising(), 0.5, 1.0),
                most,
                gdino.config().queries(),
                random)
            .orElse(null);
    GroundingDino.Output out =
        gdino.forward(
            Tensors.of(pixels, b, 3, batch.side(), batch.side()),
            null,
            text,
            textMask,
            denoising,
            true);
    DetectionLoss.Result result = criterion.of(out, textMask, targets, denoising, null);
    Map<String, Tensor> losses = new LinkedHashMap<>();
    losses.put("detection", result.total());
    return losses;
  }

  /** Codes of the names with some noise, (b, most, q, l). */
  private Tensor codes(List<Example> examples, int most, RandomGenerator random) {
    int q = config.multimodal().queries();
    int l = config.multimodal().llm().hidden();
    float[] text = new float[examples.size() * most * q * l];
    for (int i = 0; i < examples.size(); i++) {
      List<String> names = examples.get(i).names();
      for (int k = 0; k < names.size(); k++) {
        float[] code = LinkCodes.of(names.get(k), q, l);
        for (int j = 0; j < code.length; j++) {
          text[(i * most + k) * q * l + j] = code[j] + (float) (CODE_NOISE * random.nextGaussian());
        }
      }
    }
    return Tensors.of(text, examples.size(), most, q, l);
  }

  /** Super-link states of the guided prompts, (b, most, q, l), zero where a row has fewer. */
  private Tensor states(List<Example> examples, int most, RandomGenerator random) {
    Multimodal.Embedded e = model.embed(examples.stream().map(Example::guided).toList(), random);
    int t = (int) e.embeddings().size(1);
    Tensor hidden =
        model
            .llm()
            .forward(
                e.embeddings(),
                Masks.positions(examples.size(), 0, t),
                Masks.padded(Masks.right(e.lengths(), t), t),
                null);
    List<Tensor> rows = new ArrayList<>();
    for (Route r : model.links().collect(hidden, e.slots())) {
      rows.add(F.padRows(r.queries(), most));
    }
    return F.stack(0, rows);
  }
}
