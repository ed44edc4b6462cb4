package dev.visionllm.train;

import dev.visionllm.geometry.Mask;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.link.Route;
import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.DetectionLoss;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.gdino.MaskLoss;
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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Detection of named classes, those of the picture among others that are absent. The text queries
 * are either the fixed codes of the names (warm-up) or the language model's super-link states, and
 * then the detector's loss reaches the language model (paper 3.2).
 */
final class DetectionObjective implements Objective<DetectionObjective.Batch> {
  /** One picture with its prompt. @param masks of the target's objects at the picture's size */
  record Example(
      float[] pixels, List<String> names, Target target, boolean[] masks, Inputs guided) {}

  /** Pictures of one size. */
  record Batch(int side, List<Example> examples) {}

  private static final double CODE_NOISE = 0.3;
  private static final int FEWEST = 4;
  private static final int NARROW = 5; // most names of a narrow prompt

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
    if (recipe.maskPoints() > 0 && !gdino.config().masks()) {
      throw new IllegalArgumentException(
          "mask_points is %d but the model has no mask branch: set use_masks in config.json"
              .formatted(recipe.maskPoints()));
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
              recipe.maskPoints() > 0 ? masks(p, names, side, flip) : new boolean[0],
              model == null ? null : Guided.inputs(preprocess, raster, names)));
    }
    return new Batch(side, examples);
  }

  /**
   * The picture's classes and some that it does not hold, in random order; a narrow prompt names a
   * few and not all of those that are there.
   */
  private List<String> names(Corpus.Picture p, RandomGenerator random) {
    List<String> shown =
        new ArrayList<>(p.things().stream().map(Corpus.Thing::name).distinct().toList());
    boolean narrow = random.nextDouble() < recipe.narrow();
    int wanted =
        narrow ? random.nextInt(1, NARROW + 1) : random.nextInt(FEWEST, recipe.classes() + 1);
    if (narrow) {
      Collections.shuffle(shown, new Random(random.nextLong()));
      shown = shown.subList(0, random.nextInt(Math.min(wanted, shown.size()) + 1));
    }
    Set<String> names = new LinkedHashSet<>(shown);
    Set<String> there = new HashSet<>();
    p.things().forEach(t -> there.add(t.name()));
    while (names.size() < Math.min(wanted, corpus.classes().size() - there.size())) {
      String name = corpus.classes().get(random.nextInt(corpus.classes().size()));
      if (!there.contains(name)) {
        names.add(name);
      }
    }
    List<String> shuffled = new ArrayList<>(names);
    Collections.shuffle(shuffled, new Random(random.nextLong()));
    return shuffled;
  }

  /** What a prompt asks for. */
  private static List<Corpus.Thing> asked(Corpus.Picture p, List<String> names) {
    return p.things().stream().filter(t -> names.contains(t.name())).toList();
  }

  /** Silhouettes of what is asked for, one after the other, rows of side pixels. */
  private static boolean[] masks(Corpus.Picture p, List<String> names, int side, boolean flip) {
    List<Corpus.Thing> things = asked(p, names);
    boolean[] out = new boolean[things.size() * side * side];
    for (int i = 0; i < things.size(); i++) {
      Mask mask = things.get(i).mask(p.width(), p.height());
      for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
          int from = ((flip ? side - 1 - x : x) * 2 + 1) * p.width() / (2 * side);
          out[(i * side + y) * side + x] = mask.get(from, (y * 2 + 1) * p.height() / (2 * side));
        }
      }
    }
    return out;
  }

  private static Target target(Corpus.Picture p, List<String> names, boolean flip) {
    Map<String, Integer> at = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      at.put(names.get(i), i);
    }
    List<Corpus.Thing> things = asked(p, names);
    int n = things.size();
    int[] classes = new int[n];
    float[][] boxes = new float[n][];
    for (int i = 0; i < n; i++) {
      Corpus.Thing t = things.get(i);
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
    DetectionLoss.Result result =
        criterion.of(out, textMask, targets, denoising, shapes(batch, out));
    Map<String, Tensor> losses = new LinkedHashMap<>();
    losses.put("detection", result.total());
    return losses;
  }

  /** What is judged of masks; null where there is nothing. */
  private DetectionLoss.Shapes shapes(Batch batch, GroundingDino.Output out) {
    int pixels = batch.side() * batch.side();
    int n = batch.examples().stream().mapToInt(e -> e.masks().length / pixels).sum();
    if (n == 0) {
      return null;
    }
    boolean[] all = new boolean[n * pixels];
    int at = 0;
    for (Example e : batch.examples()) {
      System.arraycopy(e.masks(), 0, all, at, e.masks().length);
      at += e.masks().length;
    }
    Tensor truth = Tensors.of(all, n, batch.side(), batch.side()).to(ScalarType.Float);
    MaskLoss paper = MaskLoss.PAPER;
    MaskLoss loss =
        new MaskLoss(
            recipe.maskPoints(),
            paper.oversample(),
            paper.important(),
            paper.maskWeight(),
            paper.diceWeight());
    return new DetectionLoss.Shapes(loss, gdino.masks(out), truth, MaskLoss.Draws.TORCH);
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
