package dev.visionllm.train;

import dev.visionllm.geometry.Mask;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.Preprocess;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Stage 0 of an image encoder that has no pretrained weights: at the two highest levels, which the
 * language model and the region encoder read, each patch names the class that covers most of it (or
 * nothing) and says where that object's box lies. The heads are thrown away. Ours, not the paper's,
 * which starts from CLIP.
 */
final class PatchObjective implements Objective<PatchObjective.Batch> {
  /**
   * A batch.
   *
   * @param pixels (b, 3, s, s)
   * @param classes per patch, 0 for nothing
   * @param boxes per patch: the object's cx, cy, w, h relative to the patch's centre, in pictures
   */
  record Batch(int b, float[] pixels, long[] classes, float[] boxes) {}

  private static final double BOX_WEIGHT = 5;
  private static final int LEVELS = 2;

  private final Corpus corpus;
  private final Preprocess preprocess;
  private final ClipVision vision;
  private final List<LayerNorm> norms;
  private final List<Linear> heads;

  /**
   * @param extra cursor for the heads, which are no part of the model
   */
  PatchObjective(Corpus corpus, Preprocess preprocess, ClipVision vision, Params extra) {
    this.corpus = corpus;
    this.preprocess = preprocess;
    this.vision = vision;
    int d = vision.config().hidden();
    norms = extra.at("norms").list(LEVELS, p -> new LayerNorm(p, d, 1e-5));
    heads = extra.at("heads").list(LEVELS, p -> new Linear(p, d, 1 + corpus.classes().size() + 4L));
  }

  @Override
  public Batch load(List<Integer> pictures, RandomGenerator random) {
    int size = vision.config().size();
    int grid = vision.config().grid();
    int plane = 3 * size * size;
    float[] pixels = new float[pictures.size() * plane];
    long[] classes = new long[pictures.size() * grid * grid];
    float[] boxes = new float[classes.length * 4];
    for (int i = 0; i < pictures.size(); i++) {
      Corpus.Picture p = corpus.pictures().get(pictures.get(i));
      float[] one = preprocess.picture(Pictures.read(p)).pixels();
      System.arraycopy(one, one.length - plane, pixels, i * plane, plane);
      int[] owner = owners(p, grid);
      for (int cell = 0; cell < owner.length; cell++) {
        if (owner[cell] < 0) {
          continue;
        }
        Corpus.Thing thing = p.things().get(owner[cell]);
        int at = i * grid * grid + cell;
        classes[at] = 1 + corpus.classes().indexOf(thing.name());
        double x = (cell % grid + 0.5) / grid;
        double y = (cell / grid + 0.5) / grid;
        boxes[at * 4] = (float) ((thing.box().x0() + thing.box().x1()) / 2 / p.width() - x);
        boxes[at * 4 + 1] = (float) ((thing.box().y0() + thing.box().y1()) / 2 / p.height() - y);
        boxes[at * 4 + 2] = (float) ((thing.box().x1() - thing.box().x0()) / p.width());
        boxes[at * 4 + 3] = (float) ((thing.box().y1() - thing.box().y0()) / p.height());
      }
    }
    return new Batch(pictures.size(), pixels, classes, boxes);
  }

  /** Per patch the object that covers most of it, at least a third; else -1. */
  private static int[] owners(Corpus.Picture p, int grid) {
    int[] owner = new int[grid * grid];
    int[] most = new int[grid * grid];
    Arrays.fill(owner, -1);
    Arrays.fill(most, p.width() * p.height() / (grid * grid) / 3);
    for (int k = 0; k < p.things().size(); k++) {
      Corpus.Thing thing = p.things().get(k);
      Mask mask = thing.mask(p.width(), p.height());
      int[] covered = new int[grid * grid];
      for (int y = 0; y < p.height(); y++) {
        for (int x = 0; x < p.width(); x++) {
          if (mask.get(x, y)) {
            covered[y * grid / p.height() * grid + x * grid / p.width()]++;
          }
        }
      }
      for (int cell = 0; cell < covered.length; cell++) {
        if (covered[cell] > most[cell]) {
          most[cell] = covered[cell];
          owner[cell] = k;
        }
      }
    }
    return owner;
  }

  @Override
  public Map<String, Tensor> losses(Batch batch, RandomGenerator random) {
    int size = vision.config().size();
    List<Tensor> levels = vision.forward(Tensors.of(batch.pixels(), batch.b(), 3, size, size));
    long n = batch.classes().length;
    int named = 1 + corpus.classes().size();
    Tensor classes = Tensors.of(batch.classes(), n);
    Tensor boxes = Tensors.of(batch.boxes(), n, 4);
    Tensor covered = classes.gt(new org.bytedeco.pytorch.Scalar(0)).nonzero().flatten();
    Map<String, Tensor> losses = new LinkedHashMap<>();
    for (int k = 0; k < LEVELS; k++) {
      Tensor x = ClipVision.patches(levels.get(levels.size() - 1 - k));
      Tensor out = heads.get(k).forward(norms.get(k).forward(x)).flatten(0, 1);
      losses.put(
          "class_" + k,
          LanguageLoss.ofLogits(F.slice(out, 1, 0, named).unsqueeze(0), classes.unsqueeze(0)));
      if (covered.size(0) > 0) {
        Tensor off =
            F.slice(out, 1, named, named + 4).sub(boxes).index_select(0, covered).abs().mean();
        losses.put("box_" + k, F.scale(off, BOX_WEIGHT));
      }
    }
    return losses;
  }
}
